#include "runtime/encoder/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

/// Probabilities over the context's tokens and the first token, whose share is then taken away: what it
/// stands for is "no answer".
std::vector<double> probabilities(const AnswerPart& part, std::span<const float> logits) {
  std::vector<double> p(logits.begin(), logits.end());
  for (size_t i = 1; i < p.size(); ++i) {
    if (!part.is_context[i]) p[i] = -10000;
  }
  const double largest = *std::max_element(p.begin(), p.end());
  double sum = 0;
  for (double& x : p) sum += x = std::exp(x - largest);
  for (double& x : p) x /= sum;
  p[0] = 0;
  return p;
}

struct Span {
  size_t begin, end;  // tokens, the last one included
  double score;
};

std::vector<Span> best_spans(const AnswerPart& part, const std::vector<double>& start,
                             const std::vector<double>& end, const AnswerOptions& options) {
  std::vector<Span> spans;
  const auto longest = static_cast<size_t>(std::max<int64_t>(options.max_answer_len, 1));
  for (size_t i = 0; i < start.size(); ++i) {
    for (size_t j = i; part.is_context[i] && j < std::min(start.size(), i + longest); ++j) {
      if (part.is_context[j]) spans.push_back({i, j, start[i] * end[j]});
    }
  }
  const size_t wanted = std::min(spans.size(), static_cast<size_t>(std::max<int64_t>(options.top_k, 0)));
  const auto better = [](const Span& a, const Span& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  };
  std::partial_sort(spans.begin(), spans.begin() + static_cast<std::ptrdiff_t>(wanted), spans.end(), better);
  spans.resize(wanted);
  return spans;
}

}  // namespace

std::vector<AnswerPart> answer_parts(const Encoding& pair, int64_t max_tokens, int64_t stride) {
  std::vector<size_t> context;
  for (size_t i = 0; i < pair.ids.size(); ++i) {
    if (pair.type_ids[i] == 1 && pair.special_tokens_mask[i] == 0) context.push_back(i);
  }
  const auto others = static_cast<int64_t>(pair.ids.size() - context.size());
  const int64_t room = max_tokens - others;
  if (room < 1) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("the question has {} tokens with the template's, a part holds {}", others, max_tokens))
        .remedy("shorten the question");
  }
  const int64_t step = std::max<int64_t>(1, room - stride);
  std::vector<AnswerPart> parts;
  const auto count = static_cast<int64_t>(context.size());
  for (int64_t first = 0; first == 0 || first + room - step < count; first += step) {
    AnswerPart& part = parts.emplace_back();
    const int64_t last = std::min(count, first + room);
    for (size_t i = 0; i < pair.ids.size(); ++i) {
      const bool in_context = pair.type_ids[i] == 1 && pair.special_tokens_mask[i] == 0;
      const bool in_part = in_context && i >= context[static_cast<size_t>(first)] &&
                           i <= context[static_cast<size_t>(last - 1)];
      if (in_context && !in_part) continue;
      part.ids.push_back(pair.ids[i]);
      part.type_ids.push_back(pair.type_ids[i]);
      part.offsets.push_back(pair.offsets[i]);
      part.is_context.push_back(in_context);
      part.continues_word.push_back(in_context && pair.tokens[i].rfind("##", 0) == 0);
    }
  }
  return parts;
}

std::vector<Answer> best_answers(const AnswerPart& part, std::span<const float> start_logits,
                                 std::span<const float> end_logits, const AnswerOptions& options) {
  std::vector<Answer> answers;
  const std::vector<double> start = probabilities(part, start_logits), end = probabilities(part, end_logits);
  for (const Span& span : best_spans(part, start, end, options)) {
    size_t first = span.begin, last = span.end;
    while (first > 0 && part.continues_word[first] && part.is_context[first - 1]) --first;
    while (last + 1 < part.ids.size() && part.continues_word[last + 1]) ++last;
    answers.push_back(
        {static_cast<float>(span.score), part.offsets[first].first, part.offsets[last].second, {}});
  }
  return answers;
}

}  // namespace tessera
