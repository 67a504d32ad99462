/// From a graph to a program that can be put on a card.
#pragma once

#include <filesystem>
#include <memory>

#include "plugins/qaic/backend/settings.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::qaic {

/// Takes the program from the cache or compiles it. With an `output-dir` the cache does not count: the
/// folder, which is new, receives graph, files and program and is kept. Without both it is compiled in a
/// temporary folder. Throws what find_compiler, make_program and cached_program throw; then nothing is left
/// behind.
std::unique_ptr<sdk::Program> compile_program(const sdk::CompileArgs& args, const graph::Model& model,
                                              const Settings& settings);

/// Writes the compiler's folder, runs the compiler `settings.compiler` and opens what it made. Throws what
/// write_compile_folder, run_compiler and CardProgram throw; what was written stays then.
std::unique_ptr<sdk::Program> make_program(const sdk::CompileArgs& args, const graph::Model& model,
                                           const Settings& settings, const std::filesystem::path& folder);

/// The program of a folder that make_program filled. It stays mapped when the folder goes. Throws as
/// CardProgram.
std::unique_ptr<sdk::Program> open_program(const std::filesystem::path& folder, const Settings& settings,
                                           const sdk::Host& host);

/// qpc/programqpc.bin in that folder.
std::filesystem::path program_in(const std::filesystem::path& folder);

}  // namespace tessera::qaic
