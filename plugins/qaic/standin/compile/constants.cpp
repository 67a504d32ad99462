#include "constants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/checkpoint/mapped_file.hpp"
#include "microscaling.hpp"
#include "plugins/qaic/qpc/elements.hpp"
#include "plugins/qaic/qpc/io_desc.hpp"
#include "plugins/qaic/qpc/qpc.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint64_t kPiece = uint64_t{1} << 20;  // bytes in memory at once

/// A tensor along the axis of its blocks: [outer, along, inner].
struct Blocks {
  uint64_t outer = 1, along = 1, inner = 1;
};

/// How the elements of a tensor are rounded.
struct ElementRounding {
  graph::DataType dtype = graph::DataType::kUndefined;
  bool fp16 = false;
  std::optional<Blocks> mxfp6 = {};

  bool any() const { return fp16 || mxfp6; }
};

struct Constant {
  std::shared_ptr<const MappedFile> file;
  uint64_t from = 0, to = 0, bytes = 0;
  ElementRounding rounding = {};
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
    return {file, where.offset, 0, bytes};
  }

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

/// Rounds `along` x `inner` elements, blocks along the first of the two.
void round_to_mxfp6(char* bytes, graph::DataType dtype, uint64_t along, uint64_t inner) {
  const size_t count = along * inner;
  std::vector<float> values(count);
  convert_elements(dtype, bytes, graph::DataType::kFloat, values.data(), count);
  for (uint64_t i = 0; i < inner; ++i) round_to_mx(MxElement::kE2M3, values.data() + i, along, inner);
  convert_elements(graph::DataType::kFloat, values.data(), dtype, bytes, count);
}

/// Sizes of the pieces in which a tensor can be rounded, which make it up one behind the other.
std::vector<uint64_t> pieces_of(const Constant& constant) {
  const ElementRounding& rounding = constant.rounding;
  std::vector<uint64_t> pieces;
  if (!rounding.mxfp6) {
    for (uint64_t done = 0; done < constant.bytes; done += pieces.back())
      pieces.push_back(std::min(kPiece, constant.bytes - done));
    return pieces;
  }
  const auto [outer, along, inner] = *rounding.mxfp6;
  // A row whose elements lie together is a piece; else 32 rows are, which hold one block of each column.
  const uint64_t band = inner == 1 ? along : kMxBlock, element = graph::element_size(rounding.dtype);
  for (uint64_t o = 0; o < outer; ++o)
    for (uint64_t first = 0; first < along; first += band)
      pieces.push_back(std::min(band, along - first) * inner * element);
  return pieces;
}

void round_piece(std::string& piece, const ElementRounding& rounding) {
  const uint64_t elements = piece.size() / graph::element_size(rounding.dtype);
  if (rounding.mxfp6)
    round_to_mxfp6(piece.data(), rounding.dtype, elements / rounding.mxfp6->inner, rounding.mxfp6->inner);
  if (rounding.fp16) round_to_half(piece.data(), elements);
}

void stream(const Constant& constant, const ByteSink& sink) {
  std::string piece;
  uint64_t done = 0;
  for (const uint64_t size : pieces_of(constant)) {
    piece.resize(size);
    constant.file->read(constant.from + done, size, reinterpret_cast<std::byte*>(piece.data()));
    if (constant.rounding.any()) round_piece(piece, constant.rounding);
    sink(piece);
    done += size;
  }
}

ElementRounding rounding_of(const graph::Tensor& tensor, const ConstantRounding& choice) {
  ElementRounding rounding{tensor.dtype, choice.fp16 && tensor.dtype == graph::DataType::kFloat};
  const auto weight = choice.mxfp6.find(tensor.name);
  const bool can_be = tensor.dtype == graph::DataType::kFloat || tensor.dtype == graph::DataType::kFloat16;
  if (weight == choice.mxfp6.end() || !can_be || needed_bytes(tensor) == 0) return rounding;
  Blocks& blocks = rounding.mxfp6.emplace();
  for (size_t i = 0; i < tensor.dims.size(); ++i) {
    uint64_t& extent = i < weight->second ? blocks.outer : i == weight->second ? blocks.along : blocks.inner;
    extent *= static_cast<uint64_t>(tensor.dims[i]);
  }
  return rounding;
}

/// What lies in the model: small, rounded as one piece of each row.
void round_inside(graph::Tensor& tensor, const ElementRounding& rounding) {
  if (tensor.raw_data.size() != needed_bytes(tensor))
    throw Error(ErrorCode::kCorruptData,
                fmt::format("the bytes of tensor '{}' do not fill its shape", tensor.name))
        .key(tensor.name);
  const uint64_t rows = rounding.mxfp6 ? rounding.mxfp6->outer : 1, size = tensor.raw_data.size() / rows;
  for (uint64_t row = 0; row < rows; ++row) {
    std::string piece = tensor.raw_data.substr(row * size, size);
    round_piece(piece, rounding);
    tensor.raw_data.replace(row * size, size, piece);
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

SegmentSource move_constants(graph::Model& model, const std::filesystem::path& folder,
                             const ConstantRounding& choice) {
  Files files(folder);
  auto constants = std::make_shared<std::vector<Constant>>();
  uint64_t size = 0;
  for (graph::Tensor& tensor : model.graph.initializers) {
    if (tensor.dtype == graph::DataType::kBfloat16)
      throw Error(ErrorCode::kNotSupported,
                  fmt::format("tensor '{}' is bfloat16, which ai100 does not take", tensor.name))
          .key(tensor.name)
          .remedy("write the weights as float16 or float32");
    const ElementRounding rounding = rounding_of(tensor, choice);
    if (!tensor.external) {
      if (rounding.any()) round_inside(tensor, rounding);
      continue;
    }
    Constant constant = files.range_of(tensor);
    constant.to = (size + kAlignment - 1) / kAlignment * kAlignment;
    constant.rounding = rounding;
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
