#include "core/plugin/negotiate.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "core/host/utf8.hpp"
#include "tessera/sdk/arguments.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/status.hpp"

namespace tessera::plugin {
namespace {

using sdk::view;

constexpr uint64_t kMostEntries = 4096;  // of any list in a descriptor; more is garbage
constexpr const char* kRebuild = "rebuild the plugin with this version's tessera-sdk";

Error broken(const std::string& what) {
  return Error(ErrorCode::kInternal, "the plugin's descriptor breaks a rule: " + what)
      .remedy("report it to the plugin's author");
}

// ---- versions ----

uint32_t draft(uint32_t abi) {
  return abi >> 24;
}
uint32_t major(uint32_t abi) {
  return (abi >> 16) & 0xff;
}
uint32_t minor(uint32_t abi) {
  return abi & 0xffff;
}

void check_versions(const tsr_plugin& plugin) {
  if (plugin.magic != TSR_MAGIC)
    throw Error(
        ErrorCode::kVersion,
        fmt::format("the plugin's descriptor has magic {:#010x}, expected {:#010x}", plugin.magic, TSR_MAGIC))
        .remedy(kRebuild);
  if (plugin.built_abi == 0) throw broken("built_abi is 0");
  if (plugin.needs_abi == 0) throw broken("needs_abi is 0");
  const std::string numbers = fmt::format("it needs ABI {}, this host offers {}", abi_text(plugin.needs_abi),
                                          abi_text(TSR_ABI_VERSION));
  if (draft(plugin.needs_abi) != draft(TSR_ABI_VERSION) || draft(plugin.built_abi) != draft(TSR_ABI_VERSION))
    throw Error(ErrorCode::kVersion,
                fmt::format("the plugin is of another draft of the ABI: it is built for {}, this "
                            "host offers {}",
                            abi_text(plugin.built_abi), abi_text(TSR_ABI_VERSION)))
        .remedy(kRebuild);
  if (major(plugin.needs_abi) != TSR_ABI_MAJOR)
    throw Error(ErrorCode::kVersion, "the plugin is of another major version of the ABI: " + numbers)
        .remedy(kRebuild);
  if (minor(plugin.needs_abi) > minor(plugin.built_abi))
    throw broken(fmt::format("needs_abi {} is above built_abi {}", abi_text(plugin.needs_abi),
                             abi_text(plugin.built_abi)));
  if (minor(plugin.needs_abi) > TSR_ABI_MINOR)
    throw Error(ErrorCode::kVersion, "the plugin is newer than this host: " + numbers)
        .remedy("update tessera");
}

// ---- texts and lists ----

std::string checked_text(tsr_str text, const std::string& where) {
  if (text.len > 0 && text.ptr == nullptr) throw broken(where + " has a length but is null");
  constexpr uint64_t kLongest = 64 * 1024;
  if (text.len > kLongest) throw broken(fmt::format("{} is {} bytes long", where, text.len));
  if (!is_utf8(view(text))) throw broken(where + " is not UTF-8");
  return std::string(view(text));
}

std::string checked_id(tsr_str text, const std::string& where) {
  std::string id = checked_text(text, where);
  if (!is_id(id))
    throw broken(fmt::format("{} is '{}', expected lower-case letters, digits and '-'", where, id));
  return id;
}

template <class T>
void check_list(const T* items, uint64_t count, const std::string& where) {
  if (count > 0 && items == nullptr)
    throw broken(fmt::format("{} are null but their count is {}", where, count));
  if (count > kMostEntries)
    throw broken(fmt::format("{} are {}, at most {} are allowed", where, count, kMostEntries));
}

void check_options(const tsr_option_info* const* options, uint64_t count, const std::string& where) {
  check_list(options, count, "options of " + where);
  std::set<std::string> names;
  for (uint64_t i = 0; i < count; ++i) {
    const auto info = sdk::receive_table(options[i], "tsr_option_info");
    const std::string name = checked_id(info.name, fmt::format("option {} of {}", i, where));
    if (!names.insert(name).second)
      throw broken(fmt::format("option '{}' of {} is declared twice", name, where));
    if (info.type < TSR_TYPE_INT64 || info.type > TSR_TYPE_BOOL)
      throw broken(fmt::format("option '{}' of {} has the unknown type {}", name, where, info.type));
    checked_text(info.default_text, fmt::format("default of option '{}' of {}", name, where));
    checked_text(info.help, fmt::format("help of option '{}' of {}", name, where));
  }
}

void mandatory(bool given, const char* function, const std::string& where) {
  if (!given) throw broken(fmt::format("{} has no function {}", where, function));
}

// ---- what is registered ----

void check(const tsr_architecture& entry, const std::string& where) {
  checked_text(entry.summary, "summary of " + where);
  check_list(entry.model_types, entry.model_type_count, "model types of " + where);
  for (uint64_t i = 0; i < entry.model_type_count; ++i)
    if (checked_text(entry.model_types[i], "model type of " + where).empty())
      throw broken("a model type of " + where + " is empty");
  check_options(entry.options, entry.option_count, where);
  mandatory(entry.recognise != nullptr, "recognise", where);
  mandatory(entry.build != nullptr, "build", where);
}

void check(const tsr_transform& entry, const std::string& where) {
  checked_text(entry.summary, "summary of " + where);
  if (checked_text(entry.version, "version of " + where).empty())
    throw broken("version of " + where + " is empty");
  check_options(entry.options, entry.option_count, where);
  mandatory(entry.apply != nullptr, "apply", where);
}

void check(const tsr_backend& entry, const std::string& where) {
  checked_text(entry.summary, "summary of " + where);
  check_options(entry.options, entry.option_count, where);
  mandatory(entry.property != nullptr, "property", where);
  mandatory(entry.compile != nullptr, "compile", where);
  mandatory(entry.program_destroy != nullptr, "program_destroy", where);
  mandatory(entry.program_property != nullptr, "program_property", where);
  mandatory(entry.session_create != nullptr, "session_create", where);
  mandatory(entry.session_destroy != nullptr, "session_destroy", where);
  mandatory(entry.session_property != nullptr, "session_property", where);
  mandatory(entry.run != nullptr, "run", where);
}

/// Copies and checks the tables of one kind ("architecture").
template <class T>
std::vector<T> receive(const T* const* tables, uint64_t count, const std::string& kind) {
  check_list(tables, count, kind + "s");
  std::vector<T> received;
  std::set<std::string> ids;
  for (uint64_t i = 0; i < count; ++i) {
    const std::string place = fmt::format("{} {}", kind, i);
    const T table = sdk::receive_table(tables[i], place.c_str());
    const std::string id = checked_id(table.id, "id of " + place);
    if (!ids.insert(id).second) throw broken(fmt::format("{} '{}' is registered twice", kind, id));
    check(table, fmt::format("{} '{}'", kind, id));
    if (table.reserved != 0)
      throw broken(fmt::format("{} '{}' has a reserved member that is not zero", kind, id));
    received.push_back(table);
  }
  return received;
}

const tsr_plugin* ask(tsr_plugin_entry entry, const tsr_host* host) {
  const tsr_offer offer{sizeof(tsr_offer), TSR_ABI_VERSION, host};
  tsr_status* why = nullptr;
  const tsr_plugin* answer = nullptr;
  try {
    answer = entry(&offer, &why);
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (const std::exception& error) {
    throw broken(fmt::format("{} threw an exception: {}", TSR_ENTRY_SYMBOL, to_utf8(error.what())));
  } catch (...) {
    throw broken(fmt::format("{} threw an exception", TSR_ENTRY_SYMBOL));
  }
  sdk::throw_if_failed(host, why);
  if (answer == nullptr)
    throw broken(fmt::format("{} answers neither a descriptor nor a reason", TSR_ENTRY_SYMBOL));
  return answer;
}

}  // namespace

std::string abi_text(uint32_t abi) {
  const std::string version = fmt::format("{}.{}", major(abi), minor(abi));
  return draft(abi) == 0 ? version : fmt::format("{} draft {}", version, draft(abi));
}

bool is_id(std::string_view text) {
  const auto letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.empty() || text.size() > 64 || !letter_or_digit(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return letter_or_digit(c) || c == '-'; });
}

Manifest negotiate(tsr_plugin_entry entry, const tsr_host* host) {
  const tsr_plugin plugin = sdk::receive_table(ask(entry, host), "the plugin's descriptor");
  check_versions(plugin);
  Manifest manifest;
  manifest.id = checked_id(plugin.id, "the plugin's id");
  manifest.version = checked_text(plugin.version, "the plugin's version");
  if (manifest.version.empty()) throw broken("the plugin's version is empty");
  manifest.licence = checked_text(plugin.licence, "the plugin's licence");
  manifest.vendor = checked_text(plugin.vendor, "the plugin's vendor");
  manifest.built_abi = plugin.built_abi;
  manifest.needs_abi = plugin.needs_abi;
  manifest.architectures = receive(plugin.architectures, plugin.architecture_count, "architecture");
  manifest.transforms = receive(plugin.transforms, plugin.transform_count, "transform");
  manifest.backends = receive(plugin.backends, plugin.backend_count, "backend");
  manifest.init = plugin.init;
  manifest.shutdown = plugin.shutdown;
  return manifest;
}

}  // namespace tessera::plugin
