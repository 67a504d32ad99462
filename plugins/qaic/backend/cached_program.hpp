/// Programs that were compiled before, taken from the cache; others compiled into it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "plugins/qaic/backend/settings.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::qaic {

/// The program of this key in the cache at `root`; compiled, once among all processes, when there is none or
/// a damaged one. Beside CardProgram's it has the properties "artefact.path" and "artefact.reused". Throws
/// what artefact_key, Building and make_program throw; then nothing is left behind.
std::unique_ptr<sdk::Program> cached_program(const sdk::CompileArgs& args, const graph::Model& model,
                                             const Settings& settings, const std::filesystem::path& root);

/// What cached_program would find, a JSON object:
///   state    "hit", "miss", "off" (nothing is kept), "unknown" with a `reason`: no compiler, whose version
///            is part of the key
///   folder   of the entry, or of the nearest one on a miss
///   differs  on a miss, a list: part, stored, wanted
std::string cache_plan_json(const sdk::CompileArgs& args, const graph::Model& model,
                            const Settings& settings);

}  // namespace tessera::qaic
