#include "models/blocks/classification_head.hpp"

#include "models/blocks/constant.hpp"
#include "models/blocks/labels.hpp"
#include "tessera/sdk/calls.hpp"

namespace tessera::blocks {
namespace {

using graph::DataType;
using graph::Value;

/// Place of the last token of each row that counts: int64 [B, 1].
Value last_token(ModelBuilder& b, const Value& ids, int64_t pad_token_id) {
  graph::GraphBuilder& g = b.graph;
  const Value zero = constant(b, "zero", 0), one = constant(b, "one", 1);
  const Value shape = g.op("shape", "Shape", {ids}, {}, DataType::kInt64, {graph::known(2)});
  const Value length = g.op("length", "Gather", {shape, one}, {}, DataType::kInt64, {});
  const Value places = g.op("places", "Range", {zero, length, one}, {}, DataType::kInt64, {ids.shape[1]});
  const Value pad = constant(b, "pad_token_id", pad_token_id);
  const Value is_pad = g.op("is_pad", "Equal", {ids, pad}, {}, DataType::kBool, ids.shape);
  const Value is_token = g.op("is_token", "Not", {is_pad}, {}, DataType::kBool, ids.shape);
  const Value counts =
      g.op("counts", "Cast", {is_token}, {graph::int_attribute("to", static_cast<int64_t>(DataType::kInt64))},
           DataType::kInt64, ids.shape);
  const Value candidates = g.op("candidates", "Mul", {places, counts}, {}, DataType::kInt64, ids.shape);
  return g.op("last", "ArgMax", {candidates},
              {graph::int_attribute("axis", 1), graph::int_attribute("keepdims", 1)}, DataType::kInt64,
              {ids.shape[0], graph::known(1)});
}

/// float [B, hidden_size]
Value last_hidden(ModelBuilder& b, const Value& ids, const Value& hidden, const ClassificationConfig& c) {
  const auto scope = b.scope("last_token");
  const graph::Shape shape = {hidden.shape[0], hidden.shape[2]};
  if (!c.pad_token_id) {
    return b.graph.op("pick", "Gather", {hidden, constant(b, "end", -1)}, {graph::int_attribute("axis", 1)},
                      hidden.dtype, shape);
  }
  const Value last = last_token(b, ids, *c.pad_token_id);
  return b.graph.op("pick", "GatherND", {hidden, last}, {graph::int_attribute("batch_dims", 1)}, hidden.dtype,
                    shape);
}

}  // namespace

ClassificationConfig read_classification(const Config& config) {
  ClassificationConfig c;
  c.num_labels = read_num_labels(config);
  if (config.has("pad_token_id")) c.pad_token_id = config.integer("pad_token_id");
  return c;
}

void classification_head(ModelBuilder& b, const Value& ids, const Value& hidden,
                         const ClassificationConfig& c) {
  b.tensors.ignore_module("lm_head.");  // of the language model that it was made from
  const Value x = last_hidden(b, ids, hidden, c);
  const Value weight =
      b.tensors.take(b.graph, "score.weight", {c.num_labels, hidden.width()}, "id2label, hidden_size");
  b.graph.output(b.graph.rename(graph::linear(b.graph, "score", x, weight), "logits"));
}

}  // namespace tessera::blocks
