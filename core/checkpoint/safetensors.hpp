/// One safetensors file: 8 bytes of header length (little-endian), a JSON header, the tensors' bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/dtype.hpp"
#include "core/checkpoint/mapped_file.hpp"

namespace tessera {

/// Where a tensor lies in its file.
struct StoredTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> dims;  ///< row-major; empty: a scalar; a dimension may be 0
  uint64_t offset = 0;        ///< bytes from the start of the file; any value, also odd
  uint64_t length = 0;        ///< bytes = product of dims * size of dtype

  uint64_t element_count() const { return length / dtype_size(dtype); }
};

/// An open file whose header has been checked to the last byte: after `open` every tensor is known to lie in
/// the file, no two share a byte, and no byte belongs to none. The data is mapped and not read. Copies share
/// the mapping. All members are safe from any thread.
class SafetensorsFile {
 public:
  /// The longest header that is read, as in the format's own reader.
  static constexpr uint64_t kMaxHeaderBytes = 100'000'000;

  /// Throws Error with file, tensor (key), byte offset and remedy: kNotFound, kIo, kCorruptData,
  /// kNotSupported (dtype).
  static SafetensorsFile open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_->path(); }

  /// Sorted by name (bytewise).
  const std::vector<StoredTensor>& tensors() const { return tensors_; }
  /// Null when the file has no such tensor.
  const StoredTensor* find_tensor(std::string_view name) const;
  /// Throws Error kNotFound.
  const StoredTensor& tensor(std::string_view name) const;

  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// The tensor's bytes in the mapping; valid as long as any copy of this object. May start at an odd
  /// address.
  std::span<const std::byte> bytes(const StoredTensor& tensor) const {
    return file_->bytes().subspan(tensor.offset, tensor.length);
  }
  /// A tensor's elements, widened (see widen_to_float). For small tensors: tests, goldens, comparisons.
  std::vector<float> floats(std::string_view name) const;

  const std::shared_ptr<const MappedFile>& file() const { return file_; }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::vector<StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace tessera
