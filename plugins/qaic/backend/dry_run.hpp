/// A compilation without a compiler: everything that it would be given.
#pragma once

#include <memory>

#include "plugins/qaic/backend/settings.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::qaic {

/// Writes the folder `output-dir`: graph, weights, files, command line. The program answers the properties
/// "files" and "command" and refuses sessions. Throws kInvalidArgument without an output-dir, and what
/// writing throws; then no folder is left.
std::unique_ptr<sdk::Program> dry_run(const sdk::CompileArgs& args, const graph::Model& model,
                                      const Settings& settings);

}  // namespace tessera::qaic
