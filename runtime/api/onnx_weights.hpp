/// External data of an ONNX file in the C form that plugins read.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/checkpoint/mapped_file.hpp"
#include "tessera/abi.h"

namespace tessera {

/// A tensor directory without names, which only maps ranges of files under `base_dir`. Not movable: the C
/// table points into it. Any thread.
class OnnxWeights {
 public:
  explicit OnnxWeights(std::filesystem::path base_dir);
  OnnxWeights(const OnnxWeights&) = delete;
  OnnxWeights& operator=(const OnnxWeights&) = delete;

  const tsr_weights* c() const { return &c_; }

  /// Throws Error kInvalidArgument for a location outside of the folder or a range outside of the file,
  /// kNotFound, kIo.
  MappedView map(std::string_view location, uint64_t offset, uint64_t length);
  void drop(std::string_view location, uint64_t offset, uint64_t length) noexcept;

 private:
  std::filesystem::path base_dir_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const MappedFile>, std::less<>> files_;
  tsr_weights c_{};
};

}  // namespace tessera
