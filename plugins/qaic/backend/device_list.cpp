#include "plugins/qaic/backend/device_list.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "plugins/qaic/driver/devices.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

namespace json = boost::json;

json::object answer(std::string_view driver, bool stand_in, std::string_view note, std::string_view remedy,
                    json::array devices) {
  return {{"driver", driver},
          {"stand_in", stand_in},
          {"note", note},
          {"remedy", remedy},
          {"devices", std::move(devices)}};
}

json::object describe(const Device& device) {
  json::object facts;
  if (device.ready) {
    facts["cores"] = fmt::format("{}, {} free", device.nsp_total, device.nsp_free);
    // Megabytes by the header, kibibytes by a program that prints them: told as they come.
    facts["memory"] = fmt::format("{}, {} free", device.dram_total, device.dram_free);
  }
  return {{"id", std::to_string(device.id)},
          {"ready", device.ready},
          {"state", device.state},
          {"facts", std::move(facts)}};
}

}  // namespace

std::string device_list_json(const LibraryChoice& choice) {
  std::shared_ptr<const Library> library;
  try {
    library = Library::open(choice);
  } catch (const Error& error) {
    if (choice.named() || error.code() != ErrorCode::kNotFound) throw;
    const std::string note = fmt::format(
        "no driver of Cloud AI 100 is installed: libQAic.so is neither in {} nor where the loader searches",
        choice.sdk);
    return json::serialize(answer("", false, note, error.remedy_text(), {}));
  }
  json::array devices;
  for (const Device& device : list_devices(*library)) devices.push_back(describe(device));
  const bool none = devices.empty();
  return json::serialize(
      answer(library->text(), library->stand_in(), none ? "the driver finds no device" : "",
             none ? "check that the card is seen (/dev/accel) and that this user may open it" : "",
             std::move(devices)));
}

}  // namespace tessera::qaic
