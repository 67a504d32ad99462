/// split-tensors: asks the export to put all large tensors into side files of bounded size, whatever file
/// they lie in now, tables inside the model too. For readers that take no other files or no model of 2 GiB.
///
/// Nothing moves while passes run; the wish is metadata (tessera.split_tensors) that the export obeys and
/// removes.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class SplitTensors : public sdk::Transform {
 public:
  std::string id() const override { return "split-tensors"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "an export puts large tensors into side files"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Throws kInvalidArgument for sizes below 1, and files smaller than the tensors they are for.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
