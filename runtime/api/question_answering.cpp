#include "tessera/question_answering.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/api/auto_model_impl.hpp"
#include "runtime/encoder/answers.hpp"
#include "runtime/encoder/code_points.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

void require_contexts(const std::vector<TextInput>& inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].pair.empty() && !inputs[i].text.empty()) continue;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("input {} has no {}", i + 1, inputs[i].text.empty() ? "question" : "context"))
        .remedy("give the question as text and the context as its pair");
  }
}

}  // namespace

AutoModelForQuestionAnswering AutoModelForQuestionAnswering::from_pretrained(std::string_view folder_or_id,
                                                                             const LoadOptions& options) {
  return AutoModelForQuestionAnswering(folder_or_id, options, "question-answering");
}

std::vector<std::vector<Answer>> AutoModelForQuestionAnswering::answer(const std::vector<TextInput>& inputs,
                                                                       const AnswerOptions& options) {
  require_contexts(inputs);
  const int64_t part_tokens = std::min(options.max_seq_len, max_tokens());
  const int64_t stride = std::min(options.doc_stride, part_tokens / 2);
  const std::vector<Encoding> encodings = impl_->encode(inputs, INT64_MAX, TooLong::kError, options);
  std::vector<std::vector<Answer>> results;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<AnswerPart> parts = answer_parts(encodings[i], part_tokens, stride);
    std::vector<TokenSequence> sequences;
    for (const AnswerPart& part : parts) sequences.push_back({part.ids, part.type_ids});
    const auto logits =
        impl_->runner().run(sequences, {"start_logits", "end_logits"}, {options.progress, options.cancel});
    std::vector<Answer>& answers = results.emplace_back();
    for (size_t p = 0; p < parts.size(); ++p) {
      for (Answer& found : best_answers(parts[p], logits[p][0].data, logits[p][1].data, options))
        answers.push_back(std::move(found));
    }
    std::stable_sort(answers.begin(), answers.end(),
                     [](const Answer& a, const Answer& b) { return a.score > b.score; });
    answers.resize(std::min(answers.size(), static_cast<size_t>(std::max<int64_t>(options.top_k, 0))));
    const CodePoints context(inputs[i].pair);
    for (Answer& found : answers) found.answer = context.slice(found.start, found.end);
  }
  return results;
}

}  // namespace tessera
