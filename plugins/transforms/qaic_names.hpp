/// qaic-names: inputs, outputs, symbols and functions under the names and in the order that QAic tools
/// expect.
///
/// Decoders (after qaic-kv-cache and select-logits):
///   in    input_ids, position_ids, past_key.0, past_value.0, ..., [comp_ctx_lengths], [batch_index],
///         [num_logits_to_keep]; GPT-2 has position_ids after the states and comp_ctx_lengths
///   out   logits, past_key.0_RetainedState, past_value.0_RetainedState, ...
///   symbols   batch -> batch_size, seq -> seq_len, slots -> full_batch_size
/// Encoders:
///   in    input_ids, attention_mask, [token_type_ids]; without the option the types are zeros
///   out   last_hidden_state, or `pooled`, is named `output`; pooler_output and logits keep their names
/// Both: RMSNorm becomes CustomRMSNorm of domain com.qti.aisw.onnx.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class QaicNames : public sdk::Transform {
 public:
  std::string id() const override { return "qaic-names"; }
  std::string version() const override { return "1"; }
  std::string summary() const override {
    return "inputs, outputs, symbols and functions as QAic tools name them";
  }
  std::vector<sdk::OptionInfo> options() const override;
  /// Throws kNotSupported for a graph that takes rope_length (dynamic and longrope scaling, by name), a
  /// decoder for another task than causal-lm or an input that QAic tools have no name for; kInvalidArgument
  /// when it ran already.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
