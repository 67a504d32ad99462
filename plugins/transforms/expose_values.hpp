/// expose-values: makes inner values outputs of the graph, for tests, verification and research.
///
///   values: hidden.*      every value whose name starts with "hidden."
///   values: hidden.0,hidden.5
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class ExposeValues : public sdk::Transform {
 public:
  std::string id() const override { return "expose-values"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "makes named values outputs of the graph"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Values are appended to the outputs in the order of the list, those of one pattern in the order of the
  /// graph; what is an output already stays where it is. Throws kNotFound for a name or pattern that fits no
  /// value (kInvalidArgument when the value's dtype or shape is not declared).
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

/// True when `name` matches `pattern`, in which '*' stands for any run of characters and '?' for any one.
bool matches_glob(std::string_view pattern, std::string_view name);

}  // namespace tessera::transforms
