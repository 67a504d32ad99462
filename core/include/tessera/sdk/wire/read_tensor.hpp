/// TensorProto -> Tensor. Typed fields become raw_data, external_data entries become ExternalData.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/wire/message_reader.hpp"

namespace tessera::graph::wire {

/// The key and value of a StringStringEntryProto.
inline std::pair<std::string_view, std::string_view> read_entry(MessageReader m) {
  std::pair<std::string_view, std::string_view> entry;
  while (m.next()) {
    switch (m.field()) {
      case 1:
        entry.first = m.text("key");
        break;
      case 2:
        entry.second = m.text("value");
        break;
      default:
        m.skip();
    }
  }
  return entry;
}

/// Elements given in a typed field. They may stand before data_type in the message, so they are gathered in
/// the field's own element type and narrowed at the end.
class TypedElements {
 public:
  /// True when the field was one of the typed ones and has been taken.
  bool take(MessageReader& m) {
    switch (m.field()) {
      case 4:
        begin(m, "float_data");
        m.reals<float>("float_data", [&](float v) { append(v); });
        return true;
      case 5:
        begin(m, "int32_data");
        m.integers("int32_data", [&](int64_t v) { append(static_cast<int32_t>(v)); });
        return true;
      case 7:
        begin(m, "int64_data");
        m.integers("int64_data", [&](int64_t v) { append(v); });
        return true;
      case 10:
        begin(m, "double_data");
        m.reals<double>("double_data", [&](double v) { append(v); });
        return true;
      case 11:
        begin(m, "uint64_data");
        m.integers("uint64_data", [&](int64_t v) { append(v); });
        return true;
      default:
        return false;
    }
  }

  bool empty() const { return bytes_.empty(); }

  /// The elements as raw_data of `dtype`; fails when the field cannot hold that type.
  std::string fold(DataType dtype, const MessageReader& m) {
    if (!may_hold(dtype)) m.fail(name_, "cannot hold elements of type " + std::string(dtype_name(dtype)));
    // Complex elements are two reals each: the field's elements are already raw_data.
    if (dtype == DataType::kComplex64 || dtype == DataType::kComplex128) return std::move(bytes_);
    const size_t from = field_ == 4 || field_ == 5 ? 4 : 8;
    const size_t to = element_size(dtype);
    if (from == to) return std::move(bytes_);
    // Little-endian: the low bytes are the first.
    std::string narrow(bytes_.size() / from * to, '\0');
    for (size_t i = 0; i * from < bytes_.size(); ++i) std::memcpy(&narrow[i * to], &bytes_[i * from], to);
    return narrow;
  }

 private:
  void begin(const MessageReader& m, std::string_view name) {
    if (field_ != 0 && field_ != m.field()) m.fail(name, "stands beside " + std::string(name_));
    field_ = m.field();
    name_ = name;
  }
  template <typename T>
  void append(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    bytes_.append(bytes, sizeof(T));
  }
  bool may_hold(DataType dtype) const {
    switch (field_) {
      case 4:
        return dtype == DataType::kFloat || dtype == DataType::kComplex64;
      case 5:
        return dtype == DataType::kInt32 || dtype == DataType::kBool ||
               (element_size(dtype) > 0 && element_size(dtype) < 4);
      case 7:
        return dtype == DataType::kInt64;
      case 10:
        return dtype == DataType::kDouble || dtype == DataType::kComplex128;
      default:
        return dtype == DataType::kUint64 || dtype == DataType::kUint32;
    }
  }

  uint32_t field_ = 0;
  std::string_view name_;
  std::string bytes_;
};

/// external_data, entry by entry. Whether it counts is known at the end of the message, by data_location.
class ExternalEntries {
 public:
  void take(MessageReader& m) {
    const auto [key, value] = read_entry(m.message("external_data", count_++));
    all_.append(m.whole_field());
    if (key == "location") {
      data_.location = value;
    } else if (key == "offset") {
      data_.offset = number(m, value);
    } else if (key == "length") {
      data_.length = number(m, value);
      has_length_ = true;
    } else {
      others_.append(m.whole_field());
    }
  }

  /// The tensor's data is elsewhere: fills `external`, keeps entries such as a checksum as bytes.
  void use(Tensor& tensor, const MessageReader& m) {
    if (data_.location.empty()) m.fail("external_data", "has no location");
    if (!tensor.raw_data.empty()) m.fail("raw_data", "stands beside external data");
    if (!has_length_) data_.length = dense_bytes(tensor, m);
    tensor.external = std::make_unique<ExternalData>(std::move(data_));
    tensor.unknown_fields += others_;
  }
  /// The tensor's data is here: the entries mean nothing and are kept as bytes.
  void ignore(Tensor& tensor) { tensor.unknown_fields += all_; }

 private:
  static uint64_t number(const MessageReader& m, std::string_view text) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      m.fail("external_data",
             "has '" + std::string(text.substr(0, 40)) + "' where a number of bytes is expected");
    }
    return value;
  }
  /// Without `length` the data is what dtype and dims say.
  static uint64_t dense_bytes(const Tensor& tensor, const MessageReader& m) {
    uint64_t bytes = element_size(tensor.dtype);
    for (const int64_t dim : tensor.dims) {
      if (dim < 0 || (dim != 0 && bytes > UINT64_MAX / static_cast<uint64_t>(dim))) {
        m.fail("dims", "give no size, and external_data has no length");
      }
      bytes *= static_cast<uint64_t>(dim);
    }
    return bytes;
  }

  ExternalData data_;
  bool has_length_ = false;
  int64_t count_ = 0;
  std::string all_, others_;
};

inline void read(MessageReader m, Tensor& tensor) {
  TypedElements typed;
  ExternalEntries entries;
  bool external = false;
  while (m.next()) {
    switch (m.field()) {
      case 1:
        m.integers("dims", [&](int64_t dim) { tensor.dims.push_back(dim); });
        break;
      case 2:
        tensor.dtype = static_cast<DataType>(m.integer("data_type"));
        break;
      case 6:
        tensor.string_data.emplace_back(m.text("string_data"));
        break;
      case 8:
        tensor.name = m.text("name");
        break;
      case 9:
        tensor.raw_data = m.text("raw_data");
        break;
      case 12:
        tensor.doc_string = m.text("doc_string");
        break;
      case 13:
        entries.take(m);
        break;
      case 14:
        external = m.integer("data_location") == 1;
        break;
      default:
        if (!typed.take(m)) m.keep_unknown(tensor.unknown_fields);
    }
  }
  if (!typed.empty()) {
    if (!tensor.raw_data.empty()) m.fail("raw_data", "stands beside a typed field");
    tensor.raw_data = typed.fold(tensor.dtype, m);
  }
  if (external) {
    entries.use(tensor, m);
  } else {
    entries.ignore(tensor);
  }
}

}  // namespace tessera::graph::wire
