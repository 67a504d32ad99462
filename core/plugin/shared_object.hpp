/// A plugin's file, loaded for the life of the process.
#pragma once

#include <filesystem>

#include "tessera/abi.h"

namespace tessera::plugin {

/// Loads the library (all symbols bound now, none given to others) and pins it: it is never unloaded, since
/// threads, thread keys and thread-local destructors of a library outlive any moment at which it could be.
/// Returns its entry function. Throws kNotSupported with the loader's own text, the file, and what to do
/// about the kinds of failure that are known. Run `preflight` first.
tsr_plugin_entry load_entry(const std::filesystem::path& path);

}  // namespace tessera::plugin
