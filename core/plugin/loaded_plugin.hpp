/// A plugin that the host has accepted.
#pragma once

#include <filesystem>
#include <string>

#include "core/plugin/host_table.hpp"
#include "core/plugin/negotiate.hpp"

namespace tessera::plugin {

struct LoadedPlugin {
  std::filesystem::path path;
  HostTable host;
  Manifest manifest;

  /// "plugin llama 0.1.0": how errors name it.
  std::string name() const { return "plugin " + manifest.id + " " + manifest.version; }
};

}  // namespace tessera::plugin
