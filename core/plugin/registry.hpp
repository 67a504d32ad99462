/// The plugins of one host: found, checked, loaded, asked.
///
/// Nothing in the host knows a plugin by name: who needs a transform or a backend asks here by id, and who
/// needs an architecture shows config.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/architecture.hpp"
#include "core/plugin/backend.hpp"
#include "core/plugin/host_table.hpp"
#include "core/plugin/loaded_plugin.hpp"
#include "core/plugin/search.hpp"
#include "core/plugin/transform.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {

/// What became of one plugin file: a line of `tessera plugins`.
struct PluginRecord {
  std::filesystem::path path;
  // Empty or zero when the file was refused before it said so.
  std::string id, version, licence, vendor;
  uint32_t built_abi = 0,
           needs_abi = 0;  ///< packed; `plugin::abi_text` prints them. The host offers TSR_ABI_VERSION
  std::vector<std::string> architectures, transforms, backends;  ///< ids
  std::optional<Error> refusal;                                  ///< why it is not used; nullopt: it is
  std::vector<std::string>
      notes;            ///< what it did or is that it should not: changed a signal handler, writable by all
  int64_t load_us = 0;  ///< microseconds to check, load, negotiate and initialise
};

/// Loads in the constructor, shuts down in `close` or the destructor, which must run before `main` returns.
/// Loaded files stay mapped for the life of the process. Not movable: everything it answers refers to it.
/// After construction all const functions: any thread.
class PluginRegistry {
 public:
  /// Loads all that `search` finds. A named file that fails is thrown as an error; one found by scanning is
  /// logged as a warning and listed in `records` with its refusal. Two files with one plugin id, or two
  /// plugins that register the same id, are an error that names both (kInvalidArgument): no order of search
  /// decides.
  explicit PluginRegistry(const plugin::Search& search);
  ~PluginRegistry();
  PluginRegistry(const PluginRegistry&) = delete;
  PluginRegistry& operator=(const PluginRegistry&) = delete;

  /// Shuts the plugins down, in reverse order of loading. Nothing that came of the registry may be used
  /// after. A second call does nothing. Main thread.
  void close();

  /// Threads that plugins may use for compute: the user's wish, which affinity and quota still bound; 0 =
  /// all.
  void set_threads(int threads);

  /// One for each file tried, in the order of search.
  const std::vector<PluginRecord>& records() const { return records_; }

  const std::vector<plugin::Architecture>& architectures() const { return architectures_; }
  const std::vector<plugin::Transform>& transforms() const { return transforms_; }
  const std::vector<plugin::Backend>& backends() const { return backends_; }

  /// Throws kNotFound for an unknown id, with the nearest one.
  const plugin::Transform& find_transform(std::string_view id) const;
  const plugin::Backend& find_backend(std::string_view id) const;

  /// The architecture that recognises this config.json best. Throws kNotSupported, naming the model_type and
  /// those installed, when none does; kInvalidArgument, naming both, when two do equally well.
  const plugin::Architecture& select_architecture(std::string_view config) const;

 private:
  void load(const plugin::Candidate& candidate);
  std::unique_ptr<plugin::LoadedPlugin> open(const plugin::Candidate& candidate, PluginRecord& record);
  void initialise(plugin::LoadedPlugin& loaded, PluginRecord& record);
  void add(std::unique_ptr<plugin::LoadedPlugin> loaded);
  void refuse(const plugin::Candidate& candidate, PluginRecord& record, const Error& error);
  void check_conflicts(const plugin::LoadedPlugin& loaded) const;

  std::shared_ptr<plugin::HostFacts> facts_ = std::make_shared<plugin::HostFacts>();
  std::vector<std::unique_ptr<plugin::LoadedPlugin>> loaded_;  // in the order of loading
  std::vector<PluginRecord> records_;
  std::vector<plugin::Architecture> architectures_;
  std::vector<plugin::Transform> transforms_;
  std::vector<plugin::Backend> backends_;
};

}  // namespace tessera
