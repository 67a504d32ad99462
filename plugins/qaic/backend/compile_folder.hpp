/// The folder that the compiler works in: the graph with its weights, and what goes beside it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugins/qaic/backend/settings.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::qaic {

/// The command line for people, in the folder.
inline constexpr const char* kCommandFile = "compile_command.txt";

/// specializations.json, custom_io.yaml, MDP JSON and the command line, as text.
struct CompileFiles {
  struct File {
    std::string name, text;
  };
  std::vector<File> files;           ///< those made here; the user's own stay where they are
  std::vector<std::string> command;  ///< program and arguments; paths lie in the folder it was made for
};

/// The files for `model` (after the passes) in `folder`, which need not exist. Throws kInvalidArgument for a
/// user's custom I/O list that names what the graph does not have, kNotFound for a user's file that is
/// missing.
CompileFiles compile_files(const graph::Model& model, const Settings& settings,
                           const std::filesystem::path& folder);

/// Entries of specializations.json for a graph of this task.
std::vector<Specialization> specializations_of(const GraphFacts& facts, const Settings& settings);

/// Writes the graph of `args` with its weights and `files` into the new folder, which appears complete or not
/// at all. Returns the paths written. Throws as graph::export_model.
std::vector<std::string> write_compile_folder(const sdk::CompileArgs& args, const CompileFiles& files,
                                              const std::filesystem::path& folder);

}  // namespace tessera::qaic
