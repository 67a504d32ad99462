#include "devices.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

std::string list_text(const std::vector<Device>& devices) {
  std::string text;
  for (const Device& device : devices) text += (text.empty() ? "" : "; ") + device_text(device);
  return text.empty() ? "no device" : text;
}

/// Throws unless a program of `cores` can go on `device` now.
void check_device(const Device& device, int64_t cores) {
  if (!device.ready) {
    throw Error(ErrorCode::kBusy, fmt::format("device {} is not ready: {}", device.id, device.state))
        .remedy("wait until it has started; 'tessera doctor' shows its state");
  }
  if (device.nsp_total < cores) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the program is compiled for {} cores, device {} has {}", cores, device.id,
                            device.nsp_total))
        .key("num-cores")
        .remedy(fmt::format("compile for {} cores or fewer", device.nsp_total));
  }
  if (device.nsp_free < cores) {
    throw Error(ErrorCode::kBusy, fmt::format("the program takes {} cores, device {} has {} of {} free",
                                              cores, device.id, device.nsp_free, device.nsp_total))
        .remedy("stop what else runs on the device, or compile for fewer cores");
  }
}

}  // namespace

std::vector<QID> choose_devices(const Library& library, const std::vector<int64_t>& wanted, int64_t count,
                                int64_t cores) {
  const std::vector<Device> devices = list_devices(library);
  if (devices.empty()) {
    throw Error(ErrorCode::kNotFound, fmt::format("no Cloud AI 100 device is found by {}", library.text()))
        .remedy("check that the card is seen (/dev/accel) and that this user may open it");
  }
  if (!wanted.empty() && static_cast<int64_t>(wanted.size()) != count) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} devices are named, the program is for {}", wanted.size(), count))
        .key("device-group");
  }
  std::vector<QID> chosen;
  for (const int64_t id : wanted) {
    const auto device =
        std::find_if(devices.begin(), devices.end(), [&](const Device& d) { return d.id == id; });
    if (device == devices.end()) {
      throw Error(ErrorCode::kNotFound,
                  fmt::format("there is no device {}; there is {}", id, list_text(devices)))
          .key("device-group");
    }
    check_device(*device, cores);
    chosen.push_back(device->id);
  }
  if (!chosen.empty()) return chosen;
  for (const Device& device : devices) {
    if (device.ready && device.nsp_free >= cores && static_cast<int64_t>(chosen.size()) < count)
      chosen.push_back(device.id);
  }
  if (static_cast<int64_t>(chosen.size()) == count) return chosen;
  if (devices.size() == 1) check_device(devices[0], cores);
  const bool impossible = std::all_of(devices.begin(), devices.end(),
                                      [&](const Device& d) { return d.ready && d.nsp_total < cores; });
  throw Error(impossible || static_cast<int64_t>(devices.size()) < count ? ErrorCode::kInvalidArgument
                                                                         : ErrorCode::kBusy,
              fmt::format("the program needs {} devices with {} cores free; there is {}", count, cores,
                          list_text(devices)))
      .remedy("compile for fewer cores or devices, or stop what else runs there");
}

}  // namespace tessera::qaic
