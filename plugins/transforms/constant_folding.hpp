/// constant-folding: computes nodes whose inputs are all small constants of the model, and stores the results
/// as initializers.
///
///   before   t = Constant {value=[4]}; u = Constant {value=[0, 0]}; shape = Concat(u, t)
///   after    shape: an initializer [0, 0, 4]
///
/// Weights are never folded: a node that reads external data stays, and so does one whose result would take
/// more than 1 KiB. Nodes with subgraphs, calls of functions and random operators stay too. The result is
/// that of the plain executor, the same on every machine.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class ConstantFolding : public sdk::Transform {
 public:
  std::string id() const override { return "constant-folding"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "computes what depends on small constants only"; }
  /// Throws what the executor throws for a node whose constants are wrong (a reshape that does not fit, say).
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
