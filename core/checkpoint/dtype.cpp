#include "core/checkpoint/dtype.hpp"

namespace tessera {
namespace {

struct Row {
  DType dtype;
  std::string_view name;
  uint64_t size;
  graph::DataType onnx;
};

// In the order of the enum: rows are found by its number.
constexpr Row kRows[] = {
    {DType::kBool, "BOOL", 1, graph::DataType::kBool},
    {DType::kU8, "U8", 1, graph::DataType::kUint8},
    {DType::kI8, "I8", 1, graph::DataType::kInt8},
    {DType::kF8E5M2, "F8_E5M2", 1, graph::DataType::kUndefined},
    {DType::kF8E4M3, "F8_E4M3", 1, graph::DataType::kUndefined},
    {DType::kI16, "I16", 2, graph::DataType::kInt16},
    {DType::kU16, "U16", 2, graph::DataType::kUint16},
    {DType::kF16, "F16", 2, graph::DataType::kFloat16},
    {DType::kBF16, "BF16", 2, graph::DataType::kBfloat16},
    {DType::kI32, "I32", 4, graph::DataType::kInt32},
    {DType::kU32, "U32", 4, graph::DataType::kUint32},
    {DType::kF32, "F32", 4, graph::DataType::kFloat},
    {DType::kF64, "F64", 8, graph::DataType::kDouble},
    {DType::kI64, "I64", 8, graph::DataType::kInt64},
    {DType::kU64, "U64", 8, graph::DataType::kUint64},
};

constexpr bool rows_follow_the_enum() {
  size_t i = 0;
  for (const Row& row : kRows) {
    if (static_cast<size_t>(row.dtype) != i++) return false;
  }
  return true;
}
static_assert(rows_follow_the_enum());

const Row& row_of(DType dtype) {
  return kRows[static_cast<size_t>(dtype)];
}

}  // namespace

uint64_t dtype_size(DType dtype) {
  return row_of(dtype).size;
}

std::string_view dtype_name(DType dtype) {
  return row_of(dtype).name;
}

std::optional<DType> find_dtype(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

std::string_view dtype_names() {
  return "BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64";
}

graph::DataType onnx_data_type(DType dtype) {
  return row_of(dtype).onnx;
}

std::optional<DType> dtype_from_onnx(graph::DataType type) {
  if (type == graph::DataType::kUndefined) return std::nullopt;
  for (const Row& row : kRows) {
    if (row.onnx == type) return row.dtype;
  }
  return std::nullopt;
}

}  // namespace tessera
