#include <fmt/format.h>

#include <string>
#include <vector>

#include "models/bert/bert.hpp"
#include "models/blocks/activation.hpp"
#include "models/blocks/labels.hpp"

namespace tessera::bert {
namespace {

struct TaskName {
  std::string_view name;        // of tessera.task
  std::string_view class_name;  // of `architectures`
  Task task;
};
constexpr TaskName kTasks[] = {
    {"feature-extraction", "BertModel", Task::kFeatureExtraction},
    {"masked-lm", "BertForMaskedLM", Task::kMaskedLm},
    {"masked-lm", "BertForPreTraining", Task::kMaskedLm},
    {"sequence-classification", "BertForSequenceClassification", Task::kSequenceClassification},
    {"token-classification", "BertForTokenClassification", Task::kTokenClassification},
    {"question-answering", "BertForQuestionAnswering", Task::kQuestionAnswering},
};

void refuse_what_is_not_implemented(const blocks::Config& config) {
  const std::string positions = config.text("position_embedding_type", "absolute");
  if (positions != "absolute") {
    throw config
        .error(ErrorCode::kNotSupported, "position_embedding_type",
               fmt::format("is '{}', which is not implemented", positions))
        .remedy("only 'absolute' is");
  }
  for (const char* key : {"is_decoder", "add_cross_attention"}) {
    if (!config.flag(key, false)) continue;
    throw config.error(ErrorCode::kNotSupported, key, "is true; BERT is implemented as an encoder only");
  }
}

}  // namespace

Task read_task(const blocks::Config& config, std::string_view task) {
  std::string names;
  for (const TaskName& known : kTasks) {
    if (!task.empty() && known.name == task) return known.task;
    if (names.find(known.name) == std::string::npos)
      names.append(names.empty() ? "" : ", ").append(known.name);
  }
  if (!task.empty()) {
    throw Error(ErrorCode::kNotSupported, fmt::format("task '{}' is not implemented for bert", task))
        .key("task")
        .remedy("one of: " + names);
  }
  const std::vector<std::string> classes = config.texts("architectures");
  if (classes.empty()) return Task::kFeatureExtraction;
  for (const TaskName& known : kTasks) {
    if (known.class_name == classes[0]) return known.task;
  }
  throw config
      .error(ErrorCode::kNotSupported, "architectures",
             fmt::format("is '{}', which is not implemented", classes[0]))
      .remedy("give the task that the checkpoint is for, one of: " + names);
}

BertConfig read_config(const blocks::Config& config) {
  refuse_what_is_not_implemented(config);
  BertConfig c;
  c.vocab_size = config.size("vocab_size");
  c.hidden_size = config.size("hidden_size");
  c.num_hidden_layers = config.size("num_hidden_layers");
  c.num_attention_heads = config.size("num_attention_heads");
  c.intermediate_size = config.size("intermediate_size");
  c.max_position_embeddings = config.size("max_position_embeddings", c.max_position_embeddings);
  c.type_vocab_size = config.size("type_vocab_size", c.type_vocab_size);
  c.layer_norm_eps = config.positive("layer_norm_eps", c.layer_norm_eps);
  c.hidden_act = blocks::read_activation(config, "hidden_act", "gelu");
  c.tie_word_embeddings = config.flag("tie_word_embeddings", true);
  c.num_labels = blocks::read_num_labels(config);
  if (c.hidden_size % c.num_attention_heads != 0) {
    throw config.error(
        ErrorCode::kCorruptData, "num_attention_heads",
        fmt::format("is {}, which does not divide hidden_size, {}", c.num_attention_heads, c.hidden_size));
  }
  return c;
}

}  // namespace tessera::bert
