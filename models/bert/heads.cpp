#include "models/bert/heads.hpp"

#include "models/blocks/constant.hpp"
#include "models/blocks/layer_norm.hpp"
#include "models/blocks/linear.hpp"
#include "tessera/sdk/calls.hpp"

namespace tessera::bert {
namespace {

using namespace blocks;  // NOLINT(google-build-using-namespace): the vocabulary of graphs
using graph::Value;

constexpr std::string_view kLabelKeys = "id2label, hidden_size";

/// tanh(dense x[:, 0]), float [batch, hidden_size]
Value pooler(ModelBuilder& b, const BertConfig& c, const Value& hidden) {
  const auto scope = b.scope("pooler");
  const Value first = graph::first_token(b.graph, "first_token", hidden);
  const Value dense = linear(b, "dense", first, c.hidden_size, Bias::kAdded, "hidden_size");
  return b.graph.op("activation", "Tanh", {dense}, {}, dense.dtype, dense.shape);
}

void feature_outputs(ModelBuilder& b, const BertConfig& c, const Value& hidden) {
  b.graph.output(b.graph.op("last_hidden_state", "Identity", {hidden}, {}, hidden.dtype, hidden.shape));
  if (b.has("pooler.dense.weight")) b.graph.output(b.graph.rename(pooler(b, c, hidden), "pooler_output"));
}

/// The decoder is the word embedding, but for checkpoints that store one of their own.
Value decoder_weight(ModelBuilder& b, const BertConfig& c, const HeadContext& context) {
  const std::string stored = "cls.predictions.decoder.weight";
  if (b.tensors.has(stored) && c.tie_word_embeddings) {
    context.host.log(sdk::LogLevel::kWarn, "bert",
                     "config.json says tie_word_embeddings, but the checkpoint has "
                     "cls.predictions.decoder.weight: using that");
  }
  const bool tied = c.tie_word_embeddings && !b.tensors.has(stored);
  return b.tensors.take(b.graph, tied ? context.prefix + "embeddings.word_embeddings.weight" : stored,
                        {c.vocab_size, c.hidden_size}, "vocab_size, hidden_size");
}

Value masked_lm(ModelBuilder& b, const BertConfig& c, const Value& hidden, const HeadContext& context) {
  const auto scope = b.scope("cls.predictions");
  Value x = hidden;
  {
    const auto transform = b.scope("transform");
    x = linear(b, "dense", x, c.hidden_size, Bias::kAdded, "hidden_size");
    x = graph::activation(b.graph, "transform_act_fn", c.hidden_act, x);
    x = layer_norm(b, "LayerNorm", x, c.layer_norm_eps);
  }
  // One bias, which some versions of transformers store under two names.
  const std::string bias = b.has("decoder.bias") ? "decoder.bias" : "bias";
  if (bias == "decoder.bias") b.tensors.ignore("cls.predictions.bias");
  return graph::linear(b.graph, "decoder", x, decoder_weight(b, c, context),
                       b.weight(bias, {c.vocab_size}, "vocab_size"));
}

void answer_outputs(ModelBuilder& b, const Value& hidden) {
  const Value logits = linear(b, "qa_outputs", hidden, 2, Bias::kAdded, "2, hidden_size");
  const auto scope = b.scope("qa_outputs");
  const graph::Shape rows = {hidden.shape[0], hidden.shape[1]};
  for (const auto& [name, column] : {std::pair{"start_logits", 0}, std::pair{"end_logits", 1}}) {
    const Value index = constant(b, std::string(name) + "_column", column);
    const Value picked =
        b.graph.op(name, "Gather", {logits, index}, {graph::int_attribute("axis", 2)}, logits.dtype, rows);
    b.graph.output(b.graph.rename(picked, name));
  }
}

/// What other tasks need of the checkpoint.
void ignore_other_heads(ModelBuilder& b, Task task, const std::string& prefix) {
  const bool classifies = task == Task::kSequenceClassification || task == Task::kTokenClassification;
  const bool pools = task == Task::kFeatureExtraction || task == Task::kSequenceClassification;
  if (!pools) b.tensors.ignore_module(prefix + "pooler.");
  if (task == Task::kMaskedLm) {
    b.tensors.ignore_module("cls.seq_relationship.");
  } else {
    b.tensors.ignore_module("cls.");
  }
  if (!classifies) b.tensors.ignore_module("classifier.");
  if (task != Task::kQuestionAnswering) b.tensors.ignore_module("qa_outputs.");
}

}  // namespace

void add_head(ModelBuilder& b, const BertConfig& c, Task task, const Value& hidden,
              const HeadContext& context) {
  ignore_other_heads(b, task, context.prefix);
  if (task == Task::kFeatureExtraction) return feature_outputs(b, c, hidden);
  const Value x = task == Task::kSequenceClassification ? pooler(b, c, hidden) : hidden;
  b.set_prefix("");  // heads stand beside the base model, not in it
  if (task == Task::kQuestionAnswering) return answer_outputs(b, x);
  const Value logits = task == Task::kMaskedLm
                           ? masked_lm(b, c, x, context)
                           : linear(b, "classifier", x, c.num_labels, Bias::kAdded, kLabelKeys);
  b.graph.output(b.graph.rename(logits, "logits"));
}

std::string_view task_name(Task task) {
  switch (task) {
    case Task::kFeatureExtraction:
      return "feature-extraction";
    case Task::kMaskedLm:
      return "masked-lm";
    case Task::kSequenceClassification:
      return "sequence-classification";
    case Task::kTokenClassification:
      return "token-classification";
    case Task::kQuestionAnswering:
      return "question-answering";
  }
  return "";
}

}  // namespace tessera::bert
