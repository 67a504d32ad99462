#include "devices.hpp"

#include <fmt/format.h>

#include <memory>

#include "status.hpp"

namespace tessera::qaic {
namespace {

constexpr QID kMostDevices = 100;  // from here on ids belong to partitions of devices

std::string state_text(QDevStatus status) {
  switch (status) {
    case QDS_INITIALIZING:
      return "initializing";
    case QDS_READY:
      return "ready";
    case QDS_ERROR:
      return "error";
  }
  return fmt::format("state {}", static_cast<int>(status));
}

}  // namespace

std::vector<Device> list_devices(const Library& library) {
  std::vector<Device> devices;
  for (QID id = 0; id < kMostDevices; ++id) {
    const auto info = std::make_unique<QDevInfo>();
    const QStatus status = library.qaicGetDeviceInfo(id, info.get());
    // Without a device the open kit's own call gives QS_ERROR for lack of a driver.
    if (status == QS_NODEV || status == QS_INVAL || (status == QS_ERROR && id == 0)) break;
    check(status, "qaicGetDeviceInfo");
    Device& device = devices.emplace_back();
    device.id = id;
    device.state = state_text(info->devStatus);
    device.ready = info->devStatus == QDS_READY;
    if (!device.ready) continue;
    QResourceInfo resources{};
    check(library.qaicGetResourceInfo(id, &resources), "qaicGetResourceInfo");
    device.nsp_total = resources.nspTotal;
    device.nsp_free = resources.nspFree;
    device.dram_total = resources.dramTotal;
    device.dram_free = resources.dramFree;
  }
  return devices;
}

std::string device_text(const Device& device) {
  if (!device.ready) return fmt::format("device {}: {}", device.id, device.state);
  return fmt::format("device {}: ready, {} of {} NSPs free", device.id, device.nsp_free, device.nsp_total);
}

}  // namespace tessera::qaic
