/// Answers that stand in a text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/auto_model.hpp"

namespace tessera {

struct Answer {
  float score;
  int64_t start, end;  ///< [start, end) in code points of the context
  std::string answer;
};

struct AnswerOptions : TextRunOptions {
  int64_t top_k = 1;
  int64_t max_answer_len = 15;  ///< tokens
  int64_t max_seq_len = 384;    ///< tokens of question and context that are read at once, at most the model's
  int64_t doc_stride = 128;     ///< tokens that neighbouring parts of a longer context share
};

class AutoModelForQuestionAnswering : public AutoModel {
 public:
  static AutoModelForQuestionAnswering from_pretrained(std::string_view folder_or_id,
                                                       const LoadOptions& options = {});

  /// Inputs are pairs of question and context; for each the best answers, the best first. Contexts of any
  /// length: long ones are read in parts. Throws Error kInvalidArgument for an input without context.
  std::vector<std::vector<Answer>> answer(const std::vector<TextInput>& inputs,
                                          const AnswerOptions& options = {});

 private:
  using AutoModel::AutoModel;
};

}  // namespace tessera
