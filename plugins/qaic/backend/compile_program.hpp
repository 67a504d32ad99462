/// From a graph to a program that can be put on a card.
#pragma once

#include <memory>

#include "plugins/qaic/backend/settings.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::qaic {

/// Writes the compiler's folder, runs the compiler and opens what it made. The folder is `output-dir`, new
/// and kept, or a temporary one. Throws what find_compiler, write_compile_folder, run_compiler and
/// CardProgram throw; then nothing is left of either folder.
std::unique_ptr<sdk::Program> compile_program(const sdk::CompileArgs& args, const graph::Model& model,
                                              const Settings& settings);

}  // namespace tessera::qaic
