/// Writes a safetensors file as a stream: no tensor needs to be in memory whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/atomic_file.hpp"
#include "core/checkpoint/dtype.hpp"
#include "core/checkpoint/safetensors_header.hpp"

namespace tessera {

/// First every tensor is declared, then all their bytes are appended in the order of declaration, in pieces
/// of any size, then `finish` puts the file in its place (see AtomicFile: complete or not at all).
///
///   SafetensorsWriter writer("logits.safetensors");
///   writer.declare("logits", DType::kF32, {rows, vocab});
///   for (...) writer.append_floats(row);
///   writer.finish();
///
/// The header is padded to a multiple of 8 bytes; declare wide types first when their data should be aligned.
/// One thread at a time.
class SafetensorsWriter {
 public:
  /// Throws Error kNotFound (no such folder) or kIo.
  explicit SafetensorsWriter(const std::filesystem::path& path,
                             std::map<std::string, std::string> metadata = {});

  /// Throws Error kInvalidArgument (name twice, not UTF-8 or reserved, negative or too large dims), kMisuse
  /// (after append).
  void declare(std::string_view name, DType dtype, std::vector<int64_t> dims);

  /// Little-endian, row-major. Throws Error kIo, kMisuse (more bytes than declared).
  void append(std::span<const std::byte> bytes);
  void append_floats(std::span<const float> values) { append(std::as_bytes(values)); }

  /// Throws Error kIo, kMisuse (fewer bytes than declared, or called twice).
  void finish();

  /// Bytes of data declared so far.
  uint64_t declared_bytes() const { return declared_; }

 private:
  void write_header();

  std::filesystem::path path_;
  std::map<std::string, std::string> metadata_;
  std::vector<HeaderEntry> entries_;
  std::set<std::string, std::less<>> names_;
  AtomicFile file_;
  uint64_t declared_ = 0;
  uint64_t appended_ = 0;
  bool header_written_ = false;
  bool finished_ = false;
};

}  // namespace tessera
