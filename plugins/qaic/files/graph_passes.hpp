/// Which passes make a pure graph one that a QAic compiler takes, mode by mode.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tessera::qaic {

/// A pass with its options, as run files name them.
struct GraphPass {
  std::string id;
  std::vector<std::pair<std::string, std::string>> options;
};

/// Element type of weights in the exported graph.
enum class WeightType {
  kAsStored,  ///< as the checkpoint has them; bfloat16 needs a card that takes it (ai200)
  kFloat16,   ///< bfloat16 becomes float16, float32 stays
  kFloat32,   ///< bfloat16 becomes float32
};

/// A decoder that draws its tokens on the card.
struct GraphSampler {
  int64_t max_top_k_ids = 512;   ///< candidates that a token is drawn from
  bool guided_decoding = false;  ///< token_bitmasks say which tokens are allowed
};

/// What changes the graph of a decoder.
struct DecoderGraph {
  bool continuous_batching = false;  ///< rows name their slot: batch_index
  bool speculative_target = false;   ///< several logits a row: num_logits_to_keep
  bool ccl = false;                  ///< compute context lengths: comp_ctx_lengths
  bool guard_indices = false;        ///< for runtimes that refuse INT32_MAX as an index
  int64_t rotary_rows = 0;     ///< positions of the rotary tables, the longest ctx_len; 0: all of the model
  int64_t kv_head_copies = 1;  ///< each key and value head so many times (kv-heads-replicate)
  WeightType weights = WeightType::kAsStored;
  std::optional<GraphSampler> sampler = std::nullopt;  ///< next_tokens instead of logits
};

/// What changes the graph of an encoder.
struct EncoderGraph {
  bool token_type_ids = false;  ///< a third input; else all types are 0
  bool fp16 = false;            ///< computed in float16: masks and weights within its range
  std::string pooling = {};     ///< "mean", "cls", "max": one vector a sequence; empty: one a token
  WeightType weights = WeightType::kAsStored;
};

/// In the order in which they run. The result has standard operators, Ctx* functions and CustomRMSNorm only:
/// function bodies of domain `tessera` refer to attributes of their calls, which QAic compilers have not been
/// seen to take.
std::vector<GraphPass> decoder_passes(const DecoderGraph& graph);
std::vector<GraphPass> encoder_passes(const EncoderGraph& graph);

}  // namespace tessera::qaic
