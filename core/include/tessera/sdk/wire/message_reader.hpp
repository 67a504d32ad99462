/// Reads one protobuf message field by field, from bytes that nobody has vouched for.
///
/// The encoding: https://protobuf.dev/programming-guides/encoding. No byte outside the given ones is touched;
/// whatever breaks the encoding throws Error kCorruptData with the path of the field ("graph.node[3].name")
/// and its byte offset.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tessera/sdk/error.hpp"

namespace tessera::graph::wire {

/// Protobuf's own readers refuse messages nested deeper; so do we, or a hostile model could exhaust the
/// stack.
inline constexpr int kMaxDepth = 100;

enum class WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// A cursor over one message. Nested readers point at their parent (for the path), which must outlive them:
/// they are made and used inside the loop that reads the parent.
///
///     while (m.next()) switch (m.field()) {
///       case 1: name = m.text("name"); break;
///       default: m.keep_unknown(unknown_fields);
///     }
class MessageReader {
 public:
  /// The outermost message. `bytes` must stay alive while anything is read.
  /// `format` names what is read in messages: "malformed <format>: ..."; it must stay alive too.
  explicit MessageReader(std::string_view bytes, std::string_view format = "onnx model")
      : MessageReader(bytes, bytes.data(), nullptr, {}, -1, 0) {
    format_ = format;
  }

  /// Moves to the next field; false at the end of the message. The field's value must then be read or kept.
  bool next() {
    if (at_ == end_) return false;
    field_start_ = at_;
    const uint64_t tag = read_varint({});
    const uint64_t number = tag >> 3;
    if (number == 0 || number > 0x1fffffff) fail({}, "has field number " + std::to_string(number));
    field_ = static_cast<uint32_t>(number);
    type_ = static_cast<WireType>(tag & 7);
    return true;
  }

  uint32_t field() const { return field_; }
  WireType type() const { return type_; }

  // The value of the current field; `name` is the field's name in onnx.proto, for messages.

  int64_t integer(std::string_view name) {
    expect(WireType::kVarint, name);
    return static_cast<int64_t>(read_varint(name));
  }
  float float32(std::string_view name) {
    expect(WireType::kFixed32, name);
    return read_fixed<float>(name);
  }
  std::string_view text(std::string_view name) {
    expect(WireType::kBytes, name);
    return read_bytes(name);
  }
  /// `index` counts the elements of a repeated field; -1 = not repeated.
  MessageReader message(std::string_view name, int64_t index = -1) {
    const std::string_view bytes = text(name);
    if (depth_ + 1 > kMaxDepth)
      fail(name, "is nested deeper than " + std::to_string(kMaxDepth) + " messages");
    return MessageReader(bytes, origin_, this, name, index, depth_ + 1);
  }

  /// Calls `take(value)` for each element of a repeated field of numbers, packed or not.
  template <typename Take>
  void integers(std::string_view name, Take take) {
    if (type_ == WireType::kVarint) return take(static_cast<int64_t>(read_varint(name)));
    MessageReader packed(text(name), origin_, this, name, -1, depth_);
    while (packed.at_ != packed.end_) take(static_cast<int64_t>(packed.read_varint({})));
  }
  /// T is float or double.
  template <typename T, typename Take>
  void reals(std::string_view name, Take take) {
    constexpr WireType kElement = sizeof(T) == 4 ? WireType::kFixed32 : WireType::kFixed64;
    if (type_ == kElement) return take(read_fixed<T>(name));
    MessageReader packed(text(name), origin_, this, name, -1, depth_);
    while (packed.at_ != packed.end_) take(packed.template read_fixed<T>({}));
  }

  /// Skips the value and appends the whole field, tag included, to `out`.
  void keep_unknown(std::string& out) {
    const std::string_view whole = skip();
    out.append(whole.data(), whole.size());
  }
  /// Skips the value and returns the whole field, tag included.
  std::string_view skip() {
    switch (type_) {
      case WireType::kVarint:
        read_varint({});
        break;
      case WireType::kFixed64:
        read_fixed<uint64_t>({});
        break;
      case WireType::kBytes:
        read_bytes({});
        break;
      case WireType::kFixed32:
        read_fixed<uint32_t>({});
        break;
      default:
        fail({}, "has wire type " + std::to_string(static_cast<uint32_t>(type_)) + ", which no field has");
    }
    return whole_field();
  }
  /// The current field, tag included, after its value has been read.
  std::string_view whole_field() const {
    return std::string_view(field_start_, static_cast<size_t>(at_ - field_start_));
  }

  /// All bytes of this message.
  std::string_view bytes() const { return std::string_view(begin_, static_cast<size_t>(end_ - begin_)); }

  /// Throws kCorruptData: "<path>: <what>". `name` is a field of this message, or empty for the message
  /// itself.
  [[noreturn]] void fail(std::string_view name, const std::string& what) const {
    std::string where = path();
    if (!name.empty()) where.append(where.empty() ? "" : ".").append(name);
    if (where.empty()) where = "model";
    throw Error(ErrorCode::kCorruptData, "malformed " + std::string(format_) + ": " + where + " " + what)
        .key(where)
        .offset(static_cast<uint64_t>(field_start_ - origin_));
  }

 private:
  MessageReader(std::string_view bytes, const char* origin, const MessageReader* parent,
                std::string_view name, int64_t index, int depth)
      : begin_(bytes.data()),
        at_(begin_),
        end_(begin_ + bytes.size()),
        field_start_(begin_),
        origin_(origin),
        parent_(parent),
        name_(name),
        index_(index),
        depth_(depth),
        format_(parent == nullptr ? std::string_view() : parent->format_) {}

  std::string path() const {
    if (parent_ == nullptr) return {};
    std::string text = parent_->path();
    if (!text.empty()) text += '.';
    text += name_;
    if (index_ >= 0) text += '[' + std::to_string(index_) + ']';
    return text;
  }

  void expect(WireType type, std::string_view name) const {
    if (type_ == type) return;
    fail(name, "has wire type " + std::to_string(static_cast<uint32_t>(type_)) + ", expected " +
                   std::to_string(static_cast<uint32_t>(type)));
  }

  size_t left() const { return static_cast<size_t>(end_ - at_); }

  uint64_t read_varint(std::string_view name) {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) fail(name, "ends inside a number");
      const auto byte = static_cast<uint8_t>(*at_++);
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    fail(name, "has a number of more than 64 bits");
  }

  template <typename T>
  T read_fixed(std::string_view name) {
    static_assert(std::endian::native == std::endian::little);
    if (left() < sizeof(T)) fail(name, "ends inside a number of " + std::to_string(sizeof(T)) + " bytes");
    T value;
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  std::string_view read_bytes(std::string_view name) {
    const uint64_t length = read_varint(name);
    if (length > left()) {
      fail(name,
           "says it has " + std::to_string(length) + " bytes, but " + std::to_string(left()) + " are left");
    }
    const std::string_view bytes(at_, static_cast<size_t>(length));
    at_ += length;
    return bytes;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* field_start_;  // where the current field's tag stands
  const char* origin_;       // byte 0 of the outermost message
  const MessageReader* parent_;
  std::string_view name_;
  int64_t index_;
  int depth_;
  std::string_view format_;
  uint32_t field_ = 0;
  WireType type_ = WireType::kVarint;
};

}  // namespace tessera::graph::wire
