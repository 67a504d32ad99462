#include "cli/bench/scratch_checkpoint.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>

#include "cli/progress.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cli {

namespace fs = std::filesystem;

namespace {

fs::path make_temporary_folder() {
  std::string pattern = (fs::temp_directory_path() / "tessera-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw Error(ErrorCode::kIo, fmt::format("a temporary folder cannot be made: {}", std::strerror(errno)))
        .file(pattern)
        .remedy("set TMPDIR, or give a folder with --keep");
  }
  return pattern;
}

}  // namespace

ScratchCheckpoint::ScratchCheckpoint(const Shape& shape, const std::string& dtype, const std::string& keep)
    : folder_(keep.empty() ? make_temporary_folder() : fs::path(keep)), temporary_(keep.empty()) {
  if (fs::exists(folder_ / "model.safetensors")) return;
  try {
    write_random_checkpoint(folder_, shape, dtype, terminal_progress());
  } catch (...) {
    if (temporary_) fs::remove_all(folder_);
    throw;
  }
}

ScratchCheckpoint::~ScratchCheckpoint() {
  std::error_code ignored;
  if (temporary_) fs::remove_all(folder_, ignored);
}

}  // namespace tessera::cli
