/// What is installed here: plugins, passes, backends, and what this machine can do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera {

/// One plugin file that was found: loaded, or refused with the reason.
struct PluginInfo {
  std::string path, id, version, licence;
  std::string abi_built, abi_needed, abi_host;  ///< "1.0 draft 3"; empty where a refused file tells none
  std::vector<std::string> architectures, transforms, backends;
  std::string refusal = {};  ///< empty: loaded
  std::string remedy = {};
  double load_ms = 0;
};

struct OptionInfo {
  std::string name, type, default_text, help;
};

struct PassInfo {
  std::string id, version, summary, plugin;
  std::vector<OptionInfo> options;
};

struct BackendInfo {
  std::string id, summary, plugin;
  std::vector<OptionInfo> options = {};
  /// Properties as texts: "isa" -> "avx512", "functions.claimed" -> "Linear, RMSNorm".
  std::vector<std::pair<std::string, std::string>> properties = {};
};

/// Plugins of the default folder, TESSERA_PLUGIN_PATH and `plugin_paths` (files or folders).
struct System {
  std::vector<PluginInfo> plugins;
  std::vector<PassInfo> passes;
  std::vector<BackendInfo> backends;
  std::vector<std::string> folders;  ///< searched, in order
  double load_ms = 0;                ///< finding, loading and negotiating all
};

/// Throws Error when a path that was named explicitly cannot be loaded.
System inspect_system(const std::vector<std::string>& plugin_paths = {});

/// What the backend measures of this machine, for fractions of limits. Best of several runs.
struct MachineLimits {
  double read_gb_per_s = 0;    ///< sequential reads of memory far larger than the caches
  double fma_gflop_per_s = 0;  ///< float32 fused multiply-add, two operations each
};

/// Throws Error kNotSupported when the backend cannot measure.
MachineLimits measure_limits(std::string_view backend, int64_t threads, std::string_view isa = {});

/// Of this library: "0.1.0".
std::string_view version();
/// Of the C ABI: "1.0 draft 3".
std::string abi_version();

}  // namespace tessera
