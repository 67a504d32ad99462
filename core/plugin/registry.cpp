#include "core/plugin/registry.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/host/log.hpp"
#include "core/plugin/call.hpp"
#include "core/plugin/negotiate.hpp"
#include "core/plugin/preflight.hpp"
#include "core/plugin/process_state.hpp"
#include "core/plugin/shared_object.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera {
namespace {

using plugin::Candidate;
using plugin::LoadedPlugin;

constexpr const char* kComponent = "plugins";

/// A plugin is trusted code: whoever may write the file or its folder may run code as the user of tessera.
void note_writable(PluginRecord& record) {
  const auto writable_by_all = [](const std::filesystem::path& path) {
    struct stat info {};
    // A folder with the sticky bit (/tmp) protects the files of others.
    return ::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IWOTH) != 0 &&
           !(S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0);
  };
  if (writable_by_all(record.path)) record.notes.push_back("the file is writable by everybody");
  const std::filesystem::path folder = record.path.parent_path();
  if (writable_by_all(folder.empty() ? "." : folder))
    record.notes.push_back("its folder is writable by everybody");
}

template <class Table>
std::vector<std::string> ids(const std::vector<Table>& tables) {
  std::vector<std::string> found;
  for (const Table& table : tables) found.emplace_back(sdk::view(table.id));
  return found;
}

void describe(PluginRecord& record, const plugin::Manifest& manifest) {
  record.id = manifest.id;
  record.version = manifest.version;
  record.licence = manifest.licence;
  record.vendor = manifest.vendor;
  record.built_abi = manifest.built_abi;
  record.needs_abi = manifest.needs_abi;
  record.architectures = ids(manifest.architectures);
  record.transforms = ids(manifest.transforms);
  record.backends = ids(manifest.backends);
}

template <class Object>
const Object& find(const std::vector<Object>& objects, std::string_view id, const char* kind) {
  std::vector<std::string_view> known;
  for (const Object& object : objects) {
    if (object.id() == id) return object;
    known.push_back(object.id());
  }
  throw Error(ErrorCode::kNotFound, fmt::format("unknown {} '{}'", kind, id))
      .key(id)
      .remedy(known.empty() ? fmt::format("no plugin registers a {}; see tessera plugins", kind)
                            : did_you_mean(id, known));
}

/// Throws when `loaded` registers an id that one of `objects` has.
template <class Object, class Table>
void check_unique(const std::vector<Object>& objects, const std::vector<Table>& tables,
                  const LoadedPlugin& loaded, const char* kind) {
  for (const Object& object : objects)
    for (const Table& table : tables)
      if (object.id() == sdk::view(table.id))
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("two plugins register the {} '{}': {} and {}", kind, object.id(),
                                object.plugin().path.native(), loaded.path.native()))
            .key(object.id())
            .remedy("remove one of them from the search path");
}

/// The text after "model_type": of config.json, for messages only; empty when it is not there.
std::string model_type_of(std::string_view config) {
  constexpr std::string_view kKey = "\"model_type\"";
  const size_t key = config.find(kKey);
  if (key == std::string_view::npos) return "";
  const size_t open = config.find('"', key + kKey.size());
  if (open == std::string_view::npos) return "";
  const size_t close = config.find('"', open + 1);
  return close == std::string_view::npos ? "" : std::string(config.substr(open + 1, close - open - 1));
}

}  // namespace

PluginRegistry::PluginRegistry(const plugin::Search& search) {
  try {
    for (const Candidate& candidate : plugin::candidates(search)) load(candidate);
  } catch (...) {
    close();
    throw;
  }
}

PluginRegistry::~PluginRegistry() {
  close();
}

void PluginRegistry::close() {
  architectures_.clear();
  transforms_.clear();
  backends_.clear();
  while (!loaded_.empty()) {
    const std::unique_ptr<LoadedPlugin> last = std::move(loaded_.back());
    loaded_.pop_back();
    if (last->manifest.shutdown == nullptr) continue;
    try {
      last->manifest.shutdown();
    } catch (const abi::__forced_unwind&) {
      throw;
    } catch (...) {
      log(LogLevel::kError, kComponent, "plugin {} let an exception out of its shutdown", last->manifest.id);
    }
  }
}

void PluginRegistry::set_threads(int threads) {
  facts_->threads = threads;
}

void PluginRegistry::load(const Candidate& candidate) {
  PluginRecord record;
  record.path = candidate.path;
  const auto begin = std::chrono::steady_clock::now();
  std::unique_ptr<LoadedPlugin> loaded;
  try {
    note_writable(record);
    loaded = open(candidate, record);
  } catch (const Error& error) {
    refuse(candidate, record, error);
  }
  if (loaded != nullptr) {
    check_conflicts(*loaded);  // always an error
    try {
      initialise(*loaded, record);
      add(std::move(loaded));
    } catch (const Error& error) {
      refuse(candidate, record, error);
    }
  }
  record.load_us =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
  for (const std::string& note : record.notes)
    log(LogLevel::kWarn, kComponent, "{}: {}", record.path.native(), note);
  log(LogLevel::kDebug, kComponent, "{} id={} version={} us={}", record.path.native(), record.id,
      record.version, record.load_us);
  records_.push_back(std::move(record));
}

std::unique_ptr<LoadedPlugin> PluginRegistry::open(const Candidate& candidate, PluginRecord& record) {
  plugin::preflight(candidate.path);
  plugin::ProcessState before;
  try {
    const tsr_plugin_entry entry = plugin::load_entry(candidate.path);
    plugin::HostTable host(facts_, candidate.path.filename().native());
    auto loaded = std::make_unique<LoadedPlugin>(
        LoadedPlugin{candidate.path, host, plugin::negotiate(entry, host.c())});
    loaded->host.rename(loaded->manifest.id);
    describe(record, loaded->manifest);
    for (const std::string& changed : before.restore())
      record.notes.push_back("loading it changed " + changed + "; put back");
    return loaded;
  } catch (Error& error) {
    for (const std::string& changed : before.restore())
      record.notes.push_back("loading it changed " + changed + "; put back");
    error.add_file(candidate.path.native());
    throw;
  }
}

void PluginRegistry::initialise(LoadedPlugin& loaded, PluginRecord& record) {
  if (loaded.manifest.init == nullptr) return;
  plugin::ProcessState before;
  const plugin::Doing doing{"initialising plugin", loaded.manifest.id};
  try {
    plugin::call(loaded, doing, [&] { return loaded.manifest.init(loaded.host.c()); });
  } catch (Error& error) {
    before.restore();
    error.add_file(loaded.path.native());
    throw;
  }
  for (const std::string& changed : before.restore())
    record.notes.push_back("its init changed " + changed + "; put back");
}

void PluginRegistry::check_conflicts(const LoadedPlugin& loaded) const {
  for (const auto& other : loaded_)
    if (other->manifest.id == loaded.manifest.id)
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("two plugins have the id '{}': {} and {}", loaded.manifest.id,
                              other->path.native(), loaded.path.native()))
          .key(loaded.manifest.id)
          .remedy("remove one of them from the search path");
  check_unique(architectures_, loaded.manifest.architectures, loaded, "architecture");
  check_unique(transforms_, loaded.manifest.transforms, loaded, "transform");
  check_unique(backends_, loaded.manifest.backends, loaded, "backend");
}

void PluginRegistry::add(std::unique_ptr<LoadedPlugin> loaded) {
  const LoadedPlugin& plugin = *loaded;
  loaded_.push_back(std::move(loaded));
  for (const tsr_architecture& table : plugin.manifest.architectures)
    architectures_.emplace_back(plugin, table);
  for (const tsr_transform& table : plugin.manifest.transforms) transforms_.emplace_back(plugin, table);
  for (const tsr_backend& table : plugin.manifest.backends) backends_.emplace_back(plugin, table);
}

void PluginRegistry::refuse(const Candidate& candidate, PluginRecord& record, const Error& error) {
  if (candidate.named) throw Error(error).during("loading the plugin given by " + candidate.origin);
  log(LogLevel::kWarn, kComponent, "ignoring {}: {}", candidate.path.native(), error.message());
  record.refusal = error;
}

const plugin::Transform& PluginRegistry::find_transform(std::string_view id) const {
  return find(transforms_, id, "transform");
}

const plugin::Backend& PluginRegistry::find_backend(std::string_view id) const {
  return find(backends_, id, "backend");
}

const plugin::Architecture& PluginRegistry::select_architecture(std::string_view config) const {
  const plugin::Architecture* best = nullptr;
  const plugin::Architecture* equal = nullptr;
  int best_score = 0;
  for (const plugin::Architecture& architecture : architectures_) {
    const int score = architecture.recognise(config).score;
    if (score == 0 || score < best_score) continue;
    equal = score == best_score ? best : nullptr;
    best = &architecture;
    best_score = score;
  }
  if (equal != nullptr)
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("two architectures recognise the model equally well: '{}' ({}) and '{}' ({})",
                    equal->id(), equal->plugin().path.native(), best->id(), best->plugin().path.native()))
        .remedy("remove one of the plugins from the search path");
  if (best != nullptr) return *best;
  std::string installed;
  for (const plugin::Architecture& architecture : architectures_)
    for (const std::string& type : architecture.model_types())
      installed += (installed.empty() ? "" : ", ") + type;
  const std::string type = model_type_of(config);
  throw Error(ErrorCode::kNotSupported, type.empty()
                                            ? "config.json has no model_type that an architecture recognises"
                                            : "no architecture recognises model_type '" + type + "'")
      .file("config.json")
      .key("model_type")
      .remedy(installed.empty() ? "no architecture is installed; see tessera plugins"
                                : "installed model types: " + installed);
}

}  // namespace tessera
