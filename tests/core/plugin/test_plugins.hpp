/// The plugins that these tests load, as the build left them, and folders to search.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "core/plugin/search.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {

/// A folder of the build, from the environment of the test.
inline std::filesystem::path build_folder(const char* variable) {
  const char* folder = ::getenv(variable);
  if (folder == nullptr) throw std::runtime_error(std::string(variable) + " is not set: run with meson test");
  return folder;
}

/// "skeleton", "plain-c": the samples of the guide.
inline std::filesystem::path sample_plugin(const std::string& name) {
  return build_folder("TESSERA_TEST_PLUGINS") / ("tessera-" + name + ".so");
}

/// A file of tests/plugins_broken.
inline std::filesystem::path broken_plugin(const std::string& name) {
  return build_folder("TESSERA_TEST_BROKEN_PLUGINS") / (name + ".so");
}

/// A search that finds what is named and nothing else.
inline plugin::Search only(const std::filesystem::path& path) {
  return {"", {{path, "--plugin"}}};
}

using test::TemporaryFolder;

}  // namespace tessera
