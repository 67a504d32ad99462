/// fp16: weights of the checkpoint in another floating type, for devices that do not take the one they have.
///
///   before   y = Linear(x, w)                  w bfloat16
///   after    y = Linear(x, w16)                w16 = Cast(Clip(Cast(w))): float32, +-65504, float16
///
/// The nodes are weight nodes (tessera/sdk/weight_nodes.hpp): an export evaluates them streamed. Float16
/// holds nothing beyond 65504, so what is larger becomes that (saturate). Tensors inside the model (tables,
/// constants) stay as they are.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class Fp16 : public sdk::Transform {
 public:
  std::string id() const override { return "fp16"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "weights in float16 (or float32) instead of bfloat16"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Leaves graphs without weights of those types as they are. Throws kNotSupported naming a node that takes
  /// a weight in its own type only (a standard operator, after inline-functions), kInvalidArgument for types
  /// that are none.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
