/// The options that a backend declares, as flags of the command line: `--num-cores 16` is
/// `--backend-option num-cores=16` for whichever backend has such an option.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.hpp"

namespace tessera::cli {

/// The value of a flag in `args`, as "--flag value" or "--flag=value"; the last one; empty: not given. For
/// what must be known before the flags are.
std::string peek_flag(const std::vector<std::string>& args, const std::string& flag);

/// Adds the options of `backend` (one of those installed and in `plugin_paths`) as flags under a heading of
/// the help, except names that `arguments` has already. Throws Error kNotFound for an unknown backend, with
/// the nearest.
void add_backend_flags(Arguments& arguments, const std::string& backend,
                       const std::vector<std::string>& plugin_paths);

}  // namespace tessera::cli
