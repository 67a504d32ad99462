/// The cache of compiled programs: what lies in it, whether it is sound, and removing.
///
/// Backends that compile for long keep what they made there and find it by what it was made from; `compile`
/// does that by itself, and `compile_plan` tells beforehand. All functions: any thread, any process beside.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/generate.hpp"

namespace tessera {

/// The folder of the cache: `given`; else TESSERA_ARTEFACT_DIR; else $XDG_CACHE_HOME/tessera; else
/// ~/.cache/tessera. Empty: "none" was named, nothing is kept.
std::string artefact_dir(std::string_view given = {});

struct Artefact {
  std::string folder;
  std::string backend, model, version;  ///< "qaic", the checkpoint's folder, of the program that made it
  int64_t created = 0, last_used = 0;   ///< seconds since 1970
  uint64_t bytes = 0;
  std::vector<std::pair<std::string, std::string>> key;  ///< what it was made from, part by part
  std::string damage = {};  ///< one sentence; empty: nothing is known. Then most of the rest may be empty
};

/// Sorted by folder. `read_all` reads all files; else only those that were touched since they were written.
/// Throws Error kCancelled when progress says so.
std::vector<Artefact> list_artefacts(std::string_view dir, bool read_all = false,
                                     const ProgressFn& progress = {});

/// What goes beside that which killed processes left, and damaged programs.
struct PruneOptions {
  bool all = false;
  bool read_all = false;        ///< to find damage
  int64_t unused_seconds = -1;  ///< not used for so long; -1: however long
  int64_t most_bytes = -1;      ///< the least lately used go until the rest has so many; -1: any number
  ProgressFn progress = {};
};

struct PruneResult {
  std::vector<std::string> removed;
  std::vector<std::string> busy;  ///< that another process builds
  uint64_t bytes = 0;             ///< of programs removed
};

/// Throws Error kIo.
PruneResult prune_artefacts(std::string_view dir, const PruneOptions& options = {});

}  // namespace tessera
