/// Appends protobuf fields to a string. The counterpart of MessageReader.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tessera::graph::wire {

/// Writes fields in the order of the calls; callers go by field number, as protobuf's own writers do, so that
/// equal models are equal bytes.
class MessageWriter {
 public:
  explicit MessageWriter(std::string& out) : out_(out) {}

  void integer(uint32_t field, int64_t value) {
    varint(field << 3);
    varint(static_cast<uint64_t>(value));
  }
  void float32(uint32_t field, float value) {
    varint(field << 3 | 5);
    static_assert(std::endian::native == std::endian::little);
    char bytes[sizeof(float)];
    std::memcpy(bytes, &value, sizeof bytes);
    out_.append(bytes, sizeof bytes);
  }
  void text(uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    out_.append(value.data(), value.size());
  }
  /// An absent text and an empty one mean the same: written only when there is something.
  void text_unless_empty(uint32_t field, std::string_view value) {
    if (!value.empty()) text(field, value);
  }
  /// A nested message, whose fields `write()` appends.
  template <typename Write>
  void message(uint32_t field, Write write) {
    varint(field << 3 | 2);
    const size_t length_at = out_.size();
    out_.push_back(0);  // most messages have a length of one byte; longer ones are moved once
    write();
    const size_t length = out_.size() - length_at - 1;
    if (length < 0x80) {
      out_[length_at] = static_cast<char>(length);
    } else {
      char bytes[10];
      const size_t count = encode(length, bytes);
      out_.replace(length_at, 1, bytes, count);
    }
  }
  /// Fields kept as bytes by a reader.
  void raw(std::string_view fields) { out_.append(fields.data(), fields.size()); }

 private:
  static size_t encode(uint64_t value, char* bytes) {
    size_t count = 0;
    for (; value >= 0x80; value >>= 7) bytes[count++] = static_cast<char>(value | 0x80);
    bytes[count++] = static_cast<char>(value);
    return count;
  }
  void varint(uint64_t value) {
    char bytes[10];
    out_.append(bytes, encode(value, bytes));
  }

  std::string& out_;
};

}  // namespace tessera::graph::wire
