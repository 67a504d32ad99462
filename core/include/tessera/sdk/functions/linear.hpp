/// Embedding, Linear, LinearBias, Conv1D: what touches large weights.
#pragma once

#include <string>
#include <utility>

#include "tessera/sdk/functions/body.hpp"

namespace tessera::graph::functions {

/// ids int64 [...], weight [vocab, hidden] F32|F16|BF16 -> y [..., hidden] float: row ids[i] of the weight.
inline Function embedding() {
  Body b("Embedding", {"ids", "weight"}, {"y"}, {}, "y[i] = float(weight[ids[i]])");
  b.op("rows", "Gather", {"weight", "ids"}, {int_attribute("axis", 0)});
  b.to_float("y", "rows");  // after Gather: a few rows are widened, not the table
  return std::move(b).finish();
}

/// weight [out, in], as checkpoints have it -> [in, out] float
inline std::string transposed_weight(Body& b) {
  b.to_float("weight_float", "weight");
  return b.op("weight_transposed", "Transpose", {"weight_float"}, {ints_attribute("perm", {1, 0})});
}

/// x float [..., in], weight [out, in] F32|F16|BF16 -> y float [..., out]
inline Function linear() {
  Body b("Linear", {"x", "weight"}, {"y"}, {}, "y = x @ float(weight)^T");
  b.op("y", "MatMul", {"x", transposed_weight(b)});
  return std::move(b).finish();
}

/// As Linear, and bias [out] F32|F16|BF16.
inline Function linear_bias() {
  Body b("LinearBias", {"x", "weight", "bias"}, {"y"}, {}, "y = x @ float(weight)^T + float(bias)");
  b.op("product", "MatMul", {"x", transposed_weight(b)});
  b.op("y", "Add", {"product", b.to_float("bias_float", "bias")});
  return std::move(b).finish();
}

/// x float [..., in], weight [in, out] F32|F16|BF16, bias [out] F32|F16|BF16 -> y float [..., out]:
/// LinearBias with the weight stored the other way round, as GPT-2's checkpoints have it (Hugging Face's
/// `Conv1D`).
inline Function conv1d() {
  Body b("Conv1D", {"x", "weight", "bias"}, {"y"}, {}, "y = x @ float(weight) + float(bias)");
  b.op("product", "MatMul", {"x", b.to_float("weight_float", "weight")});
  b.op("y", "Add", {"product", b.to_float("bias_float", "bias")});
  return std::move(b).finish();
}

}  // namespace tessera::graph::functions
