/// inline-functions: replaces calls of local functions by their bodies, all or all but some.
///
/// What a backend without kernels for domain `tessera` needs, and what makes a graph of standard operators
/// only. tessera/sdk/inline.hpp has the rules of naming.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class InlineFunctions : public sdk::Transform {
 public:
  std::string id() const override { return "inline-functions"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "replaces calls of functions by their bodies"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Throws kInvalidArgument for a name in `keep` that is no function, and what graph::inline_functions
  /// throws.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
