#include "core/checkpoint/safetensors_writer.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "core/checkpoint/safetensors.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::value(text));
}

/// Bytes of the tensor. Throws Error kInvalidArgument.
uint64_t byte_count(std::string_view name, DType dtype, const std::vector<int64_t>& dims) {
  uint64_t bytes = dtype_size(dtype);
  for (int64_t dim : dims) {
    if (dim < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(dim), &bytes)) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("[{}] is no shape of a tensor", fmt::join(dims, ", ")))
          .key(name);
    }
  }
  return bytes;
}

std::string header_text(const std::vector<HeaderEntry>& entries,
                        const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  auto separate = [&text] { text += text.back() == '{' ? "" : ","; };
  if (!metadata.empty()) {
    text += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
      separate();
      text += json_string(key) + ":" + json_string(value);
    }
    text += "}";
  }
  for (const HeaderEntry& entry : entries) {
    separate();
    text += fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                        json_string(entry.name), dtype_name(entry.dtype), fmt::join(entry.dims, ","),
                        entry.begin, entry.end);
  }
  text += "}";
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     std::map<std::string, std::string> metadata)
    : path_(path), metadata_(std::move(metadata)), file_(path) {}

void SafetensorsWriter::declare(std::string_view name, DType dtype, std::vector<int64_t> dims) {
  if (header_written_)
    throw Error(ErrorCode::kMisuse, "a tensor is declared after data was appended").key(name);
  if (name == "__metadata__")
    throw Error(ErrorCode::kInvalidArgument, "the name is reserved by the format").key(name);
  uint64_t bytes = byte_count(name, dtype, dims);
  uint64_t end = 0;
  if (__builtin_add_overflow(declared_, bytes, &end) || end > static_cast<uint64_t>(INT64_MAX)) {
    throw Error(ErrorCode::kInvalidArgument, "the file would have more bytes than a file can").key(name);
  }
  if (!names_.insert(std::string(name)).second) {
    throw Error(ErrorCode::kInvalidArgument, "a tensor of this name is already declared")
        .file(path_.string())
        .key(name);
  }
  entries_.push_back({std::string(name), dtype, std::move(dims), declared_, end});
  declared_ = end;
}

void SafetensorsWriter::write_header() {
  std::string text = header_text(entries_, metadata_);
  if (text.size() > SafetensorsFile::kMaxHeaderBytes) {
    throw Error(ErrorCode::kInvalidArgument, "the header is longer than the format allows")
        .file(path_.string());
  }
  try {
    parse_safetensors_header(text,
                             path_.string());  // what is written can be read: names and metadata are UTF-8
  } catch (const Error& error) {
    throw Error(ErrorCode::kInvalidArgument, error.message()).file(path_.string()).key(error.key_name());
  }
  std::array<std::byte, 8> length{};
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<std::byte>(text.size() >> (8 * i));
  file_.write(length);
  file_.write(std::as_bytes(std::span<const char>(text)));
  header_written_ = true;
}

void SafetensorsWriter::append(std::span<const std::byte> bytes) {
  if (finished_) throw Error(ErrorCode::kMisuse, "data is appended to a finished file").file(path_.string());
  if (!header_written_) write_header();
  if (bytes.size() > declared_ - appended_) {
    throw Error(ErrorCode::kMisuse, fmt::format("{} bytes are appended, {} of {} are left", bytes.size(),
                                                declared_ - appended_, declared_))
        .file(path_.string());
  }
  file_.write(bytes);
  appended_ += bytes.size();
}

void SafetensorsWriter::finish() {
  if (finished_) throw Error(ErrorCode::kMisuse, "the file is finished twice").file(path_.string());
  if (!header_written_) write_header();
  if (appended_ != declared_) {
    throw Error(ErrorCode::kMisuse,
                fmt::format("{} of {} declared bytes were appended", appended_, declared_))
        .file(path_.string());
  }
  file_.commit();
  finished_ = true;
}

}  // namespace tessera
