/// pooling: an encoder gives one vector a sequence instead of one a token.
///
///   before   last_hidden_state [batch, seq, hidden], pooler_output
///   after    pooled [batch, hidden], alone
///
///   mean   sum of the rows whose attention_mask is 1, by their number (0 rows give 0)
///   cls    row 0
///   max    the largest of each column in rows whose attention_mask is not 0 (no rows give -1e9)
///
/// The definitions are those of sentence-transformers' module Pooling and of QEFFAutoModel's option
/// `pooling`. The mean is a product with the mask over its sum, so that no sum of many tokens leaves float16.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class Pooling : public sdk::Transform {
 public:
  std::string id() const override { return "pooling"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "one vector a sequence instead of one a token"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Throws kInvalidArgument for an unknown mode and for a graph without last_hidden_state or attention_mask:
  /// decoders, heads, packed rows, QAic's names.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
