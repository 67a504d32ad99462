// Constant: known while compiling, never runs. ConstantOfShape, EyeLike: filled by shape.
#include <fmt/format.h>

#include "standard.hpp"

namespace tessera::exec {
namespace {

Tensor list_of_strings(const std::vector<std::string>& values) {
  return Tensor::of<std::string>({static_cast<int64_t>(values.size())}, values);
}

Tensor constant_value(NodeSpec& node) {
  if (const graph::Tensor* value = node.get_tensor("value")) return from_graph(*value);
  if (node.has_attribute("value_float")) return Tensor::scalar(node.get_float("value_float"));
  if (node.has_attribute("value_int")) return Tensor::scalar(node.get_int("value_int"));
  if (node.has_attribute("value_string")) return Tensor::scalar(node.get_string("value_string", ""));
  if (node.has_attribute("value_strings")) return list_of_strings(node.get_strings("value_strings"));
  if (node.has_attribute("value_floats")) {
    std::vector<float> values = node.get_floats("value_floats");
    return Tensor::of<float>({static_cast<int64_t>(values.size())}, values);
  }
  if (node.has_attribute("value_ints")) {
    std::vector<int64_t> values = node.get_ints("value_ints");
    return Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values);
  }
  if (node.has_attribute("sparse_value")) node.fail_unsupported("sparse tensors are not supported");
  node.fail("no attribute holds the value");
}

Kernel compile_constant(NodeSpec& node) {
  node.set_constant_output(0, constant_value(node));
  return {};
}

Kernel compile_constant_of_shape(NodeSpec& node) {
  node.expect_inputs(1, 1);
  const graph::Tensor* attribute = node.get_tensor("value");
  Tensor value = attribute ? from_graph(*attribute) : Tensor::scalar(0.0f);
  if (value.size() != 1)
    node.fail(fmt::format("'value' has shape {}, one element expected", value.dims().text()));
  return [value](Context& run) {
    Tensor& out = run.output(0, value.dtype(), read_dims(run.input(0)));
    dispatch_moved(value.dtype(), [&](auto unit) {
      using Unit = decltype(unit);
      Unit element;
      if constexpr (std::is_same_v<Unit, std::string>) {
        element = *value.data<std::string>();
        std::fill_n(out.mutable_data<std::string>(), out.size(), element);
      } else {
        std::memcpy(&element, value.bytes(), sizeof(Unit));
        std::fill_n(out.mutable_units<Unit>(), out.size(), element);
      }
    });
  };
}

Kernel compile_eye_like(NodeSpec& node) {
  node.expect_inputs(1, 1);
  int64_t diagonal = node.get_int("k", 0);
  DataType dtype = static_cast<DataType>(node.get_int("dtype", 0));
  return [diagonal, dtype](Context& run) {
    const Tensor& like = run.input(0);
    if (like.rank() != 2) throw Error(ErrorCode::kInvalidArgument, "EyeLike takes a matrix");
    Tensor& out = run.output(0, dtype == DataType::kUndefined ? like.dtype() : dtype, like.dims());
    dispatch<float, double, int64_t, int32_t, uint8_t, int8_t, uint16_t, int16_t, uint32_t, uint64_t, Bool,
             Float16, BFloat16>(out.dtype(), [&](auto type) {
      using T = decltype(type);
      T* values = out.mutable_data<T>();
      std::fill_n(values, out.size(), T(0.0f));
      for (int64_t row = std::max<int64_t>(0, -diagonal); row < out.dim(0) && row + diagonal < out.dim(1);
           ++row)
        values[row * out.dim(1) + row + diagonal] = T(1.0f);
    });
  };
}

}  // namespace

void register_constant(KernelRegistry& registry) {
  registry.add("", "Constant", 1, compile_constant);
  registry.add("", "ConstantOfShape", 9, compile_constant_of_shape);
  registry.add("", "EyeLike", 9, compile_eye_like);
}

}  // namespace tessera::exec
