#include "tessera/system.hpp"

#include <fmt/format.h>

#include <chrono>

#include "core/plugin/registry.hpp"
#include "runtime/model/loaded_model.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/status.hpp"

#ifndef TESSERA_VERSION
#error "the build defines TESSERA_VERSION"
#endif

namespace tessera {
namespace {

std::string join(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

std::string to_text(const sdk::Value& value) {
  switch (value.type()) {
    case sdk::ValueType::kInt64:
      return std::to_string(value.as_int64());
    case sdk::ValueType::kDouble:
      return fmt::format("{}", value.as_double());
    case sdk::ValueType::kBool:
      return value.as_bool() ? "true" : "false";
    case sdk::ValueType::kText:
      return value.as_text();
    case sdk::ValueType::kTextList:
      return join(value.as_text_list());
    case sdk::ValueType::kInt64List: {
      std::vector<std::string> texts;
      for (const int64_t number : value.as_int64_list()) texts.push_back(std::to_string(number));
      return join(texts);
    }
  }
  return "";
}

std::vector<OptionInfo> describe(const std::vector<sdk::OptionInfo>& declared) {
  std::vector<OptionInfo> options;
  for (const sdk::OptionInfo& option : declared) {
    options.push_back({option.name, sdk::type_name(option.type), option.default_text, option.help});
  }
  return options;
}

PluginInfo describe(const PluginRecord& record) {
  PluginInfo info{.path = record.path.string(),
                  .id = record.id,
                  .version = record.version,
                  .licence = record.licence,
                  .abi_built = record.built_abi == 0 ? "" : plugin::abi_text(record.built_abi),
                  .abi_needed = record.needs_abi == 0 ? "" : plugin::abi_text(record.needs_abi),
                  .abi_host = abi_version(),
                  .architectures = record.architectures,
                  .transforms = record.transforms,
                  .backends = record.backends,
                  .load_ms = static_cast<double>(record.load_us) / 1e3};
  if (record.refusal) {
    info.refusal = record.refusal->message();
    info.remedy = record.refusal->remedy_text();
  }
  return info;
}

BackendInfo describe(const plugin::Backend& backend) {
  BackendInfo info{.id = std::string(backend.id()),
                   .summary = std::string(backend.summary()),
                   .plugin = backend.plugin().manifest.id,
                   .options = describe(backend.options())};
  for (const char* key : {"isa", "isa.reason", "isa.available", "functions.claimed", "passes.default",
                          "batch.ragged", "bits.shape_invariant"}) {
    if (const auto value = backend.find_property(key)) info.properties.emplace_back(key, to_text(*value));
  }
  return info;
}

}  // namespace

System inspect_system(const std::vector<std::string>& plugin_paths) {
  const auto start = std::chrono::steady_clock::now();
  const std::shared_ptr<PluginRegistry> registry = shared_registry(plugin_paths);
  System system;
  system.load_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  const std::filesystem::path folder = plugin::default_plugin_folder();
  if (!folder.empty()) system.folders.push_back(folder.string());
  for (const plugin::NamedPath& named : plugin::Search::from_environment().named) {
    system.folders.push_back(named.path.string());
  }
  for (const std::string& path : plugin_paths) system.folders.push_back(path);
  for (const PluginRecord& record : registry->records()) system.plugins.push_back(describe(record));
  for (const plugin::Transform& transform : registry->transforms()) {
    system.passes.push_back({std::string(transform.id()), std::string(transform.version()),
                             std::string(transform.summary()), transform.plugin().manifest.id,
                             describe(transform.options())});
  }
  for (const plugin::Backend& backend : registry->backends()) system.backends.push_back(describe(backend));
  return system;
}

MachineLimits measure_limits(std::string_view backend_id, int64_t threads, std::string_view isa) {
  const std::shared_ptr<PluginRegistry> registry = shared_registry({});
  registry->set_threads(static_cast<int>(threads));
  const plugin::Backend& backend = registry->find_backend(backend_id);
  const auto* limits =
      static_cast<const tsr_machine_limits_v1*>(backend.find_interface(TSR_INTERFACE_MACHINE_LIMITS));
  if (limits == nullptr) {
    throw Error(ErrorCode::kNotSupported,
                fmt::format("the backend '{}' cannot measure this machine's limits", backend_id));
  }
  const tsr_host* host = backend.plugin().host.c();
  double bytes_per_s = 0, flop_per_s = 0;
  sdk::throw_if_failed(host, limits->read_bandwidth(host, static_cast<int32_t>(threads), &bytes_per_s));
  sdk::throw_if_failed(
      host, limits->fma_rate(host, static_cast<int32_t>(threads), {isa.data(), isa.size()}, &flop_per_s));
  return {bytes_per_s / 1e9, flop_per_s / 1e9};
}

std::string_view version() {
  return TESSERA_VERSION;
}

std::string abi_version() {
  return plugin::abi_text(TSR_ABI_VERSION);
}

}  // namespace tessera
