#include "tessera/classification.hpp"

#include <fmt/format.h>

#include "core/hub/hub_cache.hpp"
#include "runtime/api/auto_model_impl.hpp"
#include "runtime/encoder/checkpoint_texts.hpp"
#include "runtime/encoder/entities.hpp"
#include "runtime/encoder/scores.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

constexpr const char* kSequences = "sequence-classification";
constexpr const char* kTokens = "token-classification";

FunctionToApply function_of(const std::string& name, std::string_view config_text, int64_t labels) {
  if (name.empty()) return read_function_to_apply(config_text, labels);
  if (name == "softmax") return FunctionToApply::kSoftmax;
  if (name == "sigmoid") return FunctionToApply::kSigmoid;
  if (name == "none") return FunctionToApply::kNone;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("there is no function '{}' for scores", name))
      .key("function_to_apply")
      .remedy("one of: softmax, sigmoid, none");
}

}  // namespace

std::string classification_task(std::string_view folder_or_id, std::string_view task) {
  constexpr std::string_view kAnswers = "question-answering";
  if (task == kSequences || task == kTokens || task == kAnswers) return std::string(task);
  if (!task.empty()) {
    throw Error(ErrorCode::kNotSupported, fmt::format("the task '{}' gives no classes", task))
        .key("task")
        .remedy(fmt::format("one of: {}, {}, {}", kSequences, kTokens, kAnswers));
  }
  const Checkpoint checkpoint = Checkpoint::open(find_model(folder_or_id).folder);
  const std::string name = checkpoint.architectures().empty() ? "" : checkpoint.architectures().front();
  if (name.ends_with("ForTokenClassification")) return kTokens;
  if (name.ends_with("ForQuestionAnswering")) return std::string(kAnswers);
  return kSequences;
}

AutoModelForSequenceClassification AutoModelForSequenceClassification::from_pretrained(
    std::string_view folder_or_id, const LoadOptions& options) {
  return AutoModelForSequenceClassification(folder_or_id, options, kSequences);
}

std::vector<std::string> AutoModelForSequenceClassification::labels() {
  return read_labels(impl_->loaded.checkpoint().config_text(), impl_->loaded.width_of("logits"));
}

std::vector<std::vector<LabelScore>> AutoModelForSequenceClassification::classify(
    const std::vector<TextInput>& inputs, const ClassifyOptions& options) {
  const std::vector<std::string> names = labels();
  const FunctionToApply function =
      function_of(options.function_to_apply, impl_->loaded.checkpoint().config_text(),
                  static_cast<int64_t>(names.size()));
  const std::vector<Encoding> encodings = impl_->encode(inputs, max_tokens(), TooLong::kCut, options);
  std::vector<std::vector<LabelScore>> results;
  for (const NamedTensor& logits : impl_->run(encodings, "logits", options)) {
    const std::vector<float> scores = scores_of(logits.data, function);
    std::vector<LabelScore>& result = results.emplace_back();
    for (const size_t label : best(scores, options.top_k)) result.push_back({names[label], scores[label]});
  }
  return results;
}

AggregationStrategy parse_aggregation_strategy(std::string_view name) {
  struct Named {
    std::string_view name;
    AggregationStrategy strategy;
  };
  constexpr Named kNames[] = {{"none", AggregationStrategy::kNone},
                              {"simple", AggregationStrategy::kSimple},
                              {"first", AggregationStrategy::kFirst},
                              {"average", AggregationStrategy::kAverage},
                              {"max", AggregationStrategy::kMax}};
  for (const Named& known : kNames) {
    if (known.name == name) return known.strategy;
  }
  throw Error(ErrorCode::kInvalidArgument, fmt::format("there is no aggregation strategy '{}'", name))
      .key("aggregation_strategy")
      .remedy("one of: none, simple, first, average, max");
}

AutoModelForTokenClassification AutoModelForTokenClassification::from_pretrained(
    std::string_view folder_or_id, const LoadOptions& options) {
  return AutoModelForTokenClassification(folder_or_id, options, kTokens);
}

std::vector<std::string> AutoModelForTokenClassification::labels() {
  return read_labels(impl_->loaded.checkpoint().config_text(), impl_->loaded.width_of("logits"));
}

std::vector<std::vector<Entity>> AutoModelForTokenClassification::classify(
    const std::vector<TextInput>& inputs, const TokenClassifyOptions& options) {
  const std::vector<std::string> names = labels();
  const Tokenizer& tokenizer = impl_->tokenizer();
  const std::string unknown = read_special_token(impl_->loaded.checkpoint(), "unk_token");
  const EntityContext context{tokenizer, names, tokenizer.token_to_id(unknown).value_or(-1),
                              // A vocabulary of whole words and their parts has these.
                              tokenizer.token_to_id("##s") || tokenizer.token_to_id("##a"), options};
  const std::vector<Encoding> encodings = impl_->encode(inputs, max_tokens(), TooLong::kCut, options);
  const std::vector<NamedTensor> logits = impl_->run(encodings, "logits", options);
  std::vector<std::vector<Entity>> results;
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<std::vector<float>> scores;
    const size_t width = names.size();
    for (size_t row = 0; row < encodings[i].ids.size(); ++row) {
      scores.push_back(
          scores_of(std::span(logits[i].data).subspan(row * width, width), FunctionToApply::kSoftmax));
    }
    results.push_back(find_entities(context, inputs[i].text, encodings[i], scores));
  }
  return results;
}

}  // namespace tessera
