/// The plugins that these tests load, as the build left them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/plugin/search.hpp"

namespace tessera {

/// A file that the build made: "tessera-skeleton.so".
inline std::filesystem::path test_plugin(const std::string& name) {
  const char* folder = std::getenv("TESSERA_TEST_PLUGINS");
  return std::filesystem::path(folder == nullptr ? "." : folder) / name;
}

/// A search that finds what is named and nothing else.
inline plugin::Search only(const std::filesystem::path& path) {
  return {"", {{path, "--plugin"}}};
}

}  // namespace tessera
