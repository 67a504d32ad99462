#include "plugins/qaic/files/graph_passes.hpp"

namespace tessera::qaic {
namespace {

GraphPass inline_pass() {
  return {"inline-functions", {{"keep", "com.qualcomm.cloud.*,com.qti.aisw.onnx.*"}}};
}

/// Before inline-functions, whose bodies take weights of one type.
void add_weight_type(std::vector<GraphPass>& passes, WeightType type) {
  if (type == WeightType::kAsStored) return;
  passes.push_back({"fp16", {{"to", type == WeightType::kFloat16 ? "float16" : "float32"}}});
}

}  // namespace

std::vector<GraphPass> decoder_passes(const DecoderGraph& graph) {
  std::vector<GraphPass> passes;
  if (graph.kv_head_copies > 1)
    passes.push_back({"kv-heads-replicate", {{"copies", std::to_string(graph.kv_head_copies)}}});
  add_weight_type(passes, graph.weights);
  GraphPass rotary{"tabulate-rotary", {}};
  if (graph.rotary_rows > 0) rotary.options.emplace_back("rows", std::to_string(graph.rotary_rows));
  passes.push_back(std::move(rotary));
  GraphPass cache{"qaic-kv-cache", {}};
  if (graph.continuous_batching) cache.options.emplace_back("slots", "true");
  if (graph.ccl) cache.options.emplace_back("ccl", "true");
  if (graph.guard_indices) cache.options.emplace_back("guard-indices", "true");
  passes.push_back(std::move(cache));
  passes.push_back({"select-logits", {{"mode", graph.speculative_target ? "kept" : "last"}}});
  if (graph.sampler) {
    GraphPass sampler{"device-sampler", {{"max-top-k-ids", std::to_string(graph.sampler->max_top_k_ids)}}};
    if (graph.sampler->guided_decoding) sampler.options.emplace_back("guided-decoding", "true");
    passes.push_back(std::move(sampler));
  }
  passes.push_back({"qaic-names", {}});
  passes.push_back(inline_pass());
  return passes;
}

std::vector<GraphPass> encoder_passes(const EncoderGraph& graph) {
  std::vector<GraphPass> passes;
  add_weight_type(passes, graph.weights);
  if (!graph.pooling.empty()) passes.push_back({"pooling", {{"mode", graph.pooling}}});
  GraphPass names{"qaic-names", {}};
  if (graph.token_type_ids) names.options.emplace_back("token-type-ids", "true");
  passes.push_back(std::move(names));
  passes.push_back(inline_pass());
  if (graph.fp16) passes.push_back({"fp16-clip", {}});
  return passes;
}

}  // namespace tessera::qaic
