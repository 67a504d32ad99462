#include "ops.hpp"

#include <fmt/format.h>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

WeightType weight_type_of(const exec::Tensor& tensor) {
  switch (tensor.dtype()) {
    case graph::DataType::kFloat:
      return WeightType::kF32;
    case graph::DataType::kFloat16:
      return WeightType::kF16;
    case graph::DataType::kBfloat16:
      return WeightType::kBF16;
    default:
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("a weight has dtype {}, expected float, float16 or bfloat16",
                              graph::dtype_name(tensor.dtype())));
  }
}

}  // namespace

const exec::KernelRegistry& cpu_registry() {
  static const exec::KernelRegistry& registry = *new exec::KernelRegistry([] {
    exec::KernelRegistry made = exec::KernelRegistry::standard();
    add_attention(made);
    add_bidirectional_attention(made);
    add_cached_attention(made);
    add_ctx_cache(made);
    add_elementwise(made);
    add_embedding(made);
    add_layer_norm(made);
    add_linear(made);
    add_rms_norm(made);
    add_rotary(made);
    return made;
  }());
  return registry;
}

std::vector<float> widened(const exec::Tensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.size()));
  widen(weight_type_of(tensor), tensor.bytes(), tensor.size(), values.data());
  return values;
}

std::shared_ptr<const std::vector<float>> widened_constant(exec::NodeSpec& node, size_t index) {
  const exec::Tensor* constant = node.constant(index);
  if (constant == nullptr) node.fail(fmt::format("input {} must be a constant", index));
  auto values = std::make_shared<const std::vector<float>>(widened(*constant));
  node.consume(index);
  return values;
}

exec::Dims with_last(const exec::Tensor& tensor, int64_t last) {
  exec::Dims dims = tensor.dims();
  if (dims.empty()) throw Error(ErrorCode::kInvalidArgument, "a scalar where rows are expected");
  dims.back() = last;
  return dims;
}

void expect_last(const exec::Tensor& tensor, int64_t expected, const char* input) {
  if (tensor.rank() > 0 && tensor.dims().back() == expected) return;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{} has shape {}, expected {} in its last dimension",
                                                       input, tensor.dims().text(), expected));
}

}  // namespace tessera::cpu
