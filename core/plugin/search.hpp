/// Where plugins are looked for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tessera::plugin {

/// A file or folder that somebody named, and who: errors say it.
struct NamedPath {
  std::filesystem::path path;
  std::string origin;  ///< "--plugin", "TESSERA_PLUGIN_PATH", "run.yaml:7"
};

/// The plugins to load: those of the default folder, and what was named.
struct Search {
  std::filesystem::path default_folder;  ///< empty = none
  std::vector<NamedPath> named;  ///< a folder is scanned, a file is loaded; one that is missing is an error

  /// The default folder, and the entries of TESSERA_PLUGIN_PATH (separated by colons; empty ones are
  /// skipped).
  static Search from_environment();
};

/// The one folder that belongs to the running executable: `plugins` beside it (a build tree) if that exists,
/// else the installed one of the same prefix. Empty when neither exists.
std::filesystem::path default_plugin_folder();

/// A file that will be tried.
struct Candidate {
  std::filesystem::path path;
  bool named;          ///< a failure is an error; else a warning
  std::string origin;  ///< who named it or its folder
};

/// All files to try, each once (the same file met under two names counts once, and as named when one of them
/// is). Of folders all `*.so`, in the order of names. Throws kNotFound for a named path that does not exist,
/// kIo for a folder that cannot be read.
std::vector<Candidate> candidates(const Search& search);

}  // namespace tessera::plugin
