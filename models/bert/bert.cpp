#include "models/bert/bert.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "models/bert/heads.hpp"
#include "models/blocks/causal_lm.hpp"
#include "models/blocks/constant.hpp"
#include "models/blocks/layer_norm.hpp"
#include "models/blocks/linear.hpp"
#include "models/blocks/model_builder.hpp"
#include "tessera/sdk/calls.hpp"
#include "tessera/sdk/metadata.hpp"

namespace tessera::bert {
namespace {

using namespace blocks;  // NOLINT(google-build-using-namespace): the vocabulary of graphs
using graph::DataType;
using graph::Value;

struct Inputs {
  Value input_ids, attention_mask, token_type_ids;  // int64 [batch, seq]
};

Inputs inputs(ModelBuilder& b) {
  const graph::Shape rows = {graph::symbol("batch"), graph::symbol("seq")};
  return {b.graph.input("input_ids", DataType::kInt64, rows),
          b.graph.input("attention_mask", DataType::kInt64, rows),
          b.graph.input("token_type_ids", DataType::kInt64, rows)};
}

/// position_ids int64 [batch, seq]: 0, 1, ... in every row.
Value position_ids(ModelBuilder& b, const Value& input_ids) {
  const auto scope = b.scope("position_ids");
  graph::GraphBuilder& g = b.graph;
  const Value zero = constant(b, "zero", 0), one = constant(b, "one", 1);
  const Value shape = g.op("shape", "Shape", {input_ids}, {}, DataType::kInt64, {graph::known(2)});
  const Value length = g.op("length", "Gather", {shape, one}, {}, DataType::kInt64, {});
  const Value range =
      g.op("range", "Range", {zero, length, one}, {}, DataType::kInt64, {graph::symbol("seq")});
  const Value rows = g.op("rows", "Expand", {range, shape}, {}, DataType::kInt64, input_ids.shape);
  return g.rename(rows, "position_ids");
}

Value embeddings(ModelBuilder& b, const BertConfig& c, const Inputs& in) {
  const auto scope = b.scope("embeddings");
  const Value positions = position_ids(b, in.input_ids);
  const Value words =
      lookup(b, "word_embeddings", in.input_ids, c.vocab_size, c.hidden_size, "vocab_size, hidden_size");
  const Value types = lookup(b, "token_type_embeddings", in.token_type_ids, c.type_vocab_size, c.hidden_size,
                             "type_vocab_size, hidden_size");
  const Value places = lookup(b, "position_embeddings", positions, c.max_position_embeddings, c.hidden_size,
                              "max_position_embeddings, hidden_size");
  const Value sum = b.graph.add("sum", b.graph.add("words_and_types", words, types), places);
  return b.graph.rename(layer_norm(b, "LayerNorm", sum, c.layer_norm_eps), hidden_name(0));
}

Value self_attention(ModelBuilder& b, const BertConfig& c, const Value& x, const Value& mask) {
  const auto scope = b.scope("self");
  const int64_t H = c.num_attention_heads, D = c.hidden_size / H;
  const Value q = linear(b, "query", x, c.hidden_size, Bias::kAdded, "hidden_size");
  const Value k = linear(b, "key", x, c.hidden_size, Bias::kAdded, "hidden_size");
  const Value v = linear(b, "value", x, c.hidden_size, Bias::kAdded, "hidden_size");
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(D)));
  return graph::bidirectional_attention(b.graph, "attention", q, k, v, mask, {H, H, scale, 0});
}

/// LayerNorm(dense x + residual), the module "output" of attention and of the feed-forward part.
Value output(ModelBuilder& b, const BertConfig& c, const Value& x, const Value& residual,
             std::string_view keys) {
  const auto scope = b.scope("output");
  const Value y = linear(b, "dense", x, c.hidden_size, Bias::kAdded, keys);
  return layer_norm(b, "LayerNorm", b.graph.add("residual", y, residual), c.layer_norm_eps);
}

Value attention(ModelBuilder& b, const BertConfig& c, const Value& x, const Value& mask) {
  const auto scope = b.scope("attention");
  return output(b, c, self_attention(b, c, x, mask), x, "hidden_size");
}

Value intermediate(ModelBuilder& b, const BertConfig& c, const Value& x) {
  const auto scope = b.scope("intermediate");
  const Value y = linear(b, "dense", x, c.intermediate_size, Bias::kAdded, "intermediate_size, hidden_size");
  return graph::activation(b.graph, "act_fn", c.hidden_act, y);
}

Value encoder(ModelBuilder& b, const BertConfig& c, const Inputs& in) {
  Value hidden = embeddings(b, c, in);
  const auto scope = b.scope("encoder");
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
    const auto layer = b.scope(fmt::format("layer.{}", i));
    const Value attended = attention(b, c, hidden, in.attention_mask);
    hidden = output(b, c, intermediate(b, c, attended), attended, "hidden_size, intermediate_size");
    hidden = b.graph.rename(hidden, hidden_name(i + 1));
  }
  return hidden;
}

void write_facts(ModelBuilder& b, const BertConfig& c, Task task) {
  namespace key = graph::metadata;
  b.graph.metadata(key::kTask, std::string(task_name(task)));
  b.graph.metadata(key::kArchitecture, "bert");
  b.graph.metadata(key::kMaxPositions, c.max_position_embeddings);
  b.graph.metadata(key::kVocabSize, c.vocab_size);
  b.graph.metadata(key::kLayers, c.num_hidden_layers);
  b.graph.metadata(key::kKvHeads, c.num_attention_heads);
  b.graph.metadata(key::kHeadDim, c.hidden_size / c.num_attention_heads);
}

/// "bert.", or nothing in a folder saved from the base class.
std::string module_prefix(const sdk::Weights& weights) {
  constexpr std::string_view kWords = "embeddings.word_embeddings.weight";
  return weights.contains(kWords) && !weights.contains("bert." + std::string(kWords)) ? "" : "bert.";
}

}  // namespace

graph::Model build_bert(std::string_view config_text, const sdk::Weights& weights, std::string_view task_text,
                        const sdk::Host& host) {
  const Config config = Config::parse(config_text);
  const Task task = read_task(config, task_text);
  const BertConfig c = read_config(config);
  require_layers(config, c.num_hidden_layers, weights);

  const std::string prefix = module_prefix(weights);
  ModelBuilder b("bert", weights, prefix);
  b.tensors.ignore("embeddings.position_ids");  // buffers of old versions
  b.tensors.ignore("embeddings.token_type_ids");
  const Value hidden = encoder(b, c, inputs(b));
  add_head(b, c, task, hidden, {prefix, host});
  b.tensors.finish();
  write_facts(b, c, task);
  return std::move(b.graph).finish();
}

}  // namespace tessera::bert
