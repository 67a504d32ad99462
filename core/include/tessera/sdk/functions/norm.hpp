/// RMSNorm, LayerNorm.
#pragma once

#include <utility>
#include <vector>

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

/// x float [..., h], weight, bias [h] F32|F16|BF16 -> y float [..., h]  (arXiv:1607.06450)
/// d = x - mean(x, last axis); y = d / sqrt(mean(d^2) + epsilon) * float(weight) + float(bias)
///
/// Written out: LayerNormalization of opset 17 leaves the order of operations open, and runtimes that take
/// the variance as mean(x^2) - mean(x)^2 lose the digits that matter.
inline Function layer_norm() {
  Body b("LayerNorm", {"x", "weight", "bias"}, {"y"}, {"epsilon"},
         "d = x - mean(x); y = d / sqrt(mean(d^2) + epsilon) * float(weight) + float(bias)");
  const std::vector<Attribute> last_axis = {ints_attribute("axes", {-1}), int_attribute("keepdims", 1)};
  b.op("mean", "ReduceMean", {"x"}, last_axis);
  b.op("centered", "Sub", {"x", "mean"});
  b.op("square", "Mul", {"centered", "centered"});
  b.op("variance", "ReduceMean", {"square"}, last_axis);
  b.op("shifted", "Add", {"variance", b.float_of_call("epsilon")});
  b.op("root", "Sqrt", {"shifted"});
  b.op("normed", "Div", {"centered", "root"});
  b.op("scaled", "Mul", {"normed", b.to_float("weight_float", "weight")});
  b.op("y", "Add", {"scaled", b.to_float("bias_float", "bias")});
  return std::move(b).finish();
}

}  // namespace tessera::graph::functions
