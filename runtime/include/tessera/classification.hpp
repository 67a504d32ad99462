/// Classes of texts and of tokens, with the scores and names of Hugging Face's pipelines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/auto_model.hpp"

namespace tessera {

/// Which of the tasks that give classes a checkpoint is for: `task` if it is given, else what `architectures`
/// of config.json says: "token-classification", "question-answering", else "sequence-classification". Throws
/// Error as from_pretrained does for a folder that cannot be opened.
std::string classification_task(std::string_view folder_or_id, std::string_view task = {});

struct LabelScore {
  std::string label;
  float score;
};

struct ClassifyOptions : TextRunOptions {
  int64_t top_k = -1;  ///< labels given, the best; -1: all
  /// "softmax", "sigmoid", "none"; empty: as config.json says (`problem_type`: single label softmax, multi
  /// label or one label sigmoid, regression none).
  std::string function_to_apply = {};
};

/// Text classification with any architecture whose graph gives `logits` [batch, labels].
class AutoModelForSequenceClassification : public AutoModel {
 public:
  static AutoModelForSequenceClassification from_pretrained(std::string_view folder_or_id,
                                                            const LoadOptions& options = {});

  /// Labels of each input with their scores, the best first. A text that is too long is cut, of a pair the
  /// longer text first. Throws Error.
  std::vector<std::vector<LabelScore>> classify(const std::vector<TextInput>& inputs,
                                                const ClassifyOptions& options = {});

  /// Names of the labels: `id2label` of config.json, or LABEL_0, LABEL_1, ... Throws Error kCorruptData for a
  /// map with holes.
  std::vector<std::string> labels();

 private:
  using AutoModel::AutoModel;
};

/// A token, or with aggregation a run of tokens, that is an entity.
struct Entity {
  std::string entity;  ///< label; with aggregation without B- and I-
  float score;
  int64_t index;       ///< of the token in the sequence; -1 with aggregation
  std::string word;    ///< the token, or the decoded run
  int64_t start, end;  ///< [start, end) in code points of the text
};

/// Names and meanings are those of Hugging Face's pipeline: none gives tokens; simple joins neighbours of one
/// label; first, average and max let a word's tokens agree before that.
enum class AggregationStrategy { kNone, kSimple, kFirst, kAverage, kMax };

/// Throws Error kInvalidArgument that lists the names.
AggregationStrategy parse_aggregation_strategy(std::string_view name);

struct TokenClassifyOptions : TextRunOptions {
  AggregationStrategy aggregation_strategy = AggregationStrategy::kNone;
  std::vector<std::string> ignore_labels = {"O"};
};

/// Token classification (named entities). A text that is too long is cut.
class AutoModelForTokenClassification : public AutoModel {
 public:
  static AutoModelForTokenClassification from_pretrained(std::string_view folder_or_id,
                                                         const LoadOptions& options = {});

  /// Entities of each input in the order of the text. Throws Error.
  std::vector<std::vector<Entity>> classify(const std::vector<TextInput>& inputs,
                                            const TokenClassifyOptions& options = {});
  std::vector<std::string> labels();

 private:
  using AutoModel::AutoModel;
};

}  // namespace tessera
