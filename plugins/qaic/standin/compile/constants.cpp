#include "constants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "core/checkpoint/mapped_file.hpp"
#include "plugins/qaic/qpc/elements.hpp"
#include "plugins/qaic/qpc/io_desc.hpp"
#include "plugins/qaic/qpc/qpc.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint64_t kPiece = uint64_t{1} << 20;  // bytes in memory at once

struct Constant {
  std::shared_ptr<const MappedFile> file;
  uint64_t from = 0, to = 0, bytes = 0;
  bool round = false;
};

uint64_t needed_bytes(const graph::Tensor& tensor) {
  uint64_t bytes = graph::element_size(tensor.dtype);
  for (const int64_t dim : tensor.dims) {
    if (dim < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(dim), &bytes))
      throw Error(ErrorCode::kCorruptData, fmt::format("tensor '{}' has no possible size", tensor.name))
          .key(tensor.name);
  }
  return bytes;
}

/// The files that a model refers to, each mapped once.
class Files {
 public:
  explicit Files(std::filesystem::path folder) : folder_(std::move(folder)) {}

  Constant range_of(const graph::Tensor& tensor) {
    const graph::ExternalData& where = *tensor.external;
    std::shared_ptr<const MappedFile>& file = files_[where.location];
    if (file == nullptr) file = MappedFile::open(folder_ / where.location);
    const uint64_t bytes = needed_bytes(tensor);
    const uint64_t length = where.length == 0 ? bytes : where.length;  // ONNX lets the length be left out
    if (length != bytes || where.offset > file->size() || bytes > file->size() - where.offset)
      throw Error(
          ErrorCode::kCorruptData,
          fmt::format("the bytes of tensor '{}' leave their file or do not fill its shape", tensor.name))
          .file(file->path().string())
          .key(tensor.name)
          .offset(where.offset);
    return {file, where.offset, 0, bytes, false};
  }

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

void stream(const Constant& constant, const ByteSink& sink) {
  std::string piece;
  for (uint64_t done = 0; done < constant.bytes; done += piece.size()) {
    piece.resize(std::min(kPiece, constant.bytes - done));
    constant.file->read(constant.from + done, piece.size(), reinterpret_cast<std::byte*>(piece.data()));
    if (constant.round) round_to_half(piece.data(), piece.size() / sizeof(float));
    sink(piece);
  }
}

}  // namespace

void round_to_half(char* bytes, size_t floats) {
  for (size_t i = 0; i < floats; ++i) {
    float value;
    std::memcpy(&value, bytes + i * sizeof value, sizeof value);
    value = float_from_half(half_from_float(value));
    std::memcpy(bytes + i * sizeof value, &value, sizeof value);
  }
}

SegmentSource move_constants(graph::Model& model, const std::filesystem::path& folder, bool fp16) {
  Files files(folder);
  auto constants = std::make_shared<std::vector<Constant>>();
  uint64_t size = 0;
  for (graph::Tensor& tensor : model.graph.initializers) {
    if (tensor.dtype == graph::DataType::kBfloat16)
      throw Error(ErrorCode::kNotSupported,
                  fmt::format("tensor '{}' is bfloat16, which ai100 does not take", tensor.name))
          .key(tensor.name)
          .remedy("write the weights as float16 or float32");
    const bool round = fp16 && tensor.dtype == graph::DataType::kFloat;
    if (!tensor.external) {
      if (round) round_to_half(tensor.raw_data.data(), tensor.raw_data.size() / sizeof(float));
      continue;
    }
    Constant constant = files.range_of(tensor);
    constant.to = (size + kAlignment - 1) / kAlignment * kAlignment;
    constant.round = round;
    *tensor.external = {std::string(kConstants), constant.to, constant.bytes};
    size = constant.to + constant.bytes;
    constants->push_back(std::move(constant));
  }

  SegmentSource segment;
  segment.name = kConstants;
  segment.size = segment.static_bytes = size;
  segment.write = [constants](const ByteSink& sink) {
    uint64_t at = 0;
    for (const Constant& constant : *constants) {
      sink(std::string(constant.to - at, '\0'));
      stream(constant, sink);
      at = constant.to + constant.bytes;
    }
  };
  return segment;
}

}  // namespace tessera::qaic::standin
