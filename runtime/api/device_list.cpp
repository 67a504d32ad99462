#include "tessera/device_list.hpp"

#include <boost/json.hpp>

#include "core/json/json.hpp"
#include "core/plugin/call.hpp"
#include "core/plugin/registry.hpp"
#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"
#include "tessera/sdk/devices.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace json = boost::json;

const json::value& member(const json::object& object, const char* key, json::kind kind) {
  const json::value* found = object.if_contains(key);
  if (found != nullptr && found->kind() == kind) return *found;
  throw Error(ErrorCode::kInternal, std::string("the list of devices lacks '") + key + "' of the right type");
}

std::string text_of(const json::object& object, const char* key) {
  const json::string& text = member(object, key, json::kind::string).get_string();
  return {text.data(), text.size()};
}

bool bool_of(const json::object& object, const char* key) {
  return member(object, key, json::kind::bool_).get_bool();
}

DeviceInfo device_of(const json::value& value) {
  if (!value.is_object()) throw Error(ErrorCode::kInternal, "the list of devices holds what is no device");
  const json::object& object = value.get_object();
  DeviceInfo device{text_of(object, "id"), bool_of(object, "ready"), text_of(object, "state")};
  const json::object& facts = member(object, "facts", json::kind::object).get_object();
  for (const auto& fact : facts)
    device.facts.emplace_back(fact.key(), text_of(facts, std::string(fact.key()).c_str()));
  return device;
}

DeviceList list_of(std::string_view backend, const std::string& text) {
  const json::object object = parse_json_object(text, "the list of devices");
  DeviceList list{std::string(backend), text_of(object, "driver"), bool_of(object, "stand_in"),
                  text_of(object, "note"), text_of(object, "remedy")};
  for (const json::value& device : member(object, "devices", json::kind::array).get_array())
    list.devices.push_back(device_of(device));
  return list;
}

}  // namespace

std::optional<DeviceList> list_devices(const CompileOptions& options,
                                       const std::vector<std::string>& plugin_paths) {
  const std::shared_ptr<PluginRegistry> registry = shared_registry(plugin_paths);
  const plugin::Backend& backend = registry->find_backend(options.backend);
  const auto* table = static_cast<const tsr_devices_v1*>(backend.find_interface(TSR_INTERFACE_DEVICES));
  if (table == nullptr) return std::nullopt;
  const plugin::Doing doing{"listing the devices of backend", backend.id()};
  if (table->struct_size < sdk::kFirstSize<tsr_devices_v1> || table->list == nullptr)
    throw plugin::misbehaves(backend.plugin(), doing, "it has no such function");
  const plugin::OptionList list = backend_options(backend, options);
  const std::vector<tsr_option> given = plugin::to_c(list);
  tsr_buffer out{};
  out.struct_size = sizeof out;
  plugin::call(backend.plugin(), doing,
               [&] { return table->list(backend.plugin().host.c(), given.data(), given.size(), &out); });
  try {
    return list_of(backend.id(), plugin::take_text(backend.plugin(), doing, out));
  } catch (const Error& error) {
    throw plugin::misbehaves(backend.plugin(), doing, error.message());
  }
}

}  // namespace tessera
