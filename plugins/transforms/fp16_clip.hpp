/// fp16-clip: no finite constant or weight beyond what float16 holds, +-65504: in float16 it would be
/// infinite, and infinite times 0 is no number. Infinities stay: as masks they mean what they say.
///
///   constants, tensors inside the model   changed where they are
///   weights of the checkpoint             read piece by piece; one that has such a value gets a Clip,
///                                         "weights/<w>/clip", that an export evaluates
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class Fp16Clip : public sdk::Transform {
 public:
  std::string id() const override { return "fp16-clip"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "constants and weights within the range of float16"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Leaves graphs without such values as they are. Throws kInvalidArgument naming a weight of the checkpoint
  /// that is infinite somewhere.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
