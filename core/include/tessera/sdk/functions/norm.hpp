/// RMSNorm.
#pragma once

#include <utility>

#include "tessera/sdk/functions/body.hpp"

namespace tessera::graph::functions {

/// x float [..., h], weight [h] F32|F16|BF16 -> y float [..., h]  (arXiv:1910.07467)
/// y = x / sqrt(mean(x^2, last axis) + epsilon) * float(weight)
inline Function rms_norm() {
  Body b("RMSNorm", {"x", "weight"}, {"y"}, {"epsilon"}, "y = x / sqrt(mean(x^2) + epsilon) * float(weight)");
  b.op("square", "Mul", {"x", "x"});
  b.op("mean_square", "ReduceMean", {"square"}, {ints_attribute("axes", {-1}), int_attribute("keepdims", 1)});
  b.op("shifted", "Add", {"mean_square", b.float_of_call("epsilon")});
  b.op("root", "Sqrt", {"shifted"});
  b.op("normed", "Div", {"x", "root"});
  b.op("y", "Mul", {"normed", b.to_float("weight_float", "weight")});
  return std::move(b).finish();
}

}  // namespace tessera::graph::functions
