/// A checkpoint with random weights that lives as long as a benchmark.
#pragma once

#include <filesystem>
#include <string>

#include "tessera/synthetic.hpp"

namespace tessera::cli {

/// Writes the checkpoint into `keep`, where it stays and is used again, or into a temporary folder (TMPDIR)
/// that the destructor removes.
class ScratchCheckpoint {
 public:
  ScratchCheckpoint(const Shape& shape, const std::string& dtype, const std::string& keep);
  ~ScratchCheckpoint();
  ScratchCheckpoint(const ScratchCheckpoint&) = delete;
  ScratchCheckpoint& operator=(const ScratchCheckpoint&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  bool temporary_;
};

}  // namespace tessera::cli
