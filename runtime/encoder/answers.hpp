/// Question and context in parts that a model can read, and answers from the logits of a part; as Hugging
/// Face's question answering pipeline does it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/tokenizer/encoding.hpp"
#include "tessera/question_answering.hpp"

namespace tessera {

/// A part of a pair: the question's tokens, some of the context's, and the template's around them.
struct AnswerPart {
  std::vector<int64_t> ids, type_ids;
  /// By token: offsets in the context; those of other tokens mean nothing.
  std::vector<std::pair<uint32_t, uint32_t>> offsets;
  std::vector<bool> is_context;
  std::vector<bool> continues_word;  ///< the token goes on the word before it
};

/// Cuts `pair` (question, context) into parts of `max_tokens` tokens whose contexts share `stride` tokens.
/// Throws Error kInvalidArgument when the question alone fills a part.
std::vector<AnswerPart> answer_parts(const Encoding& pair, int64_t max_tokens, int64_t stride);

/// The best `options.top_k` spans of context tokens; answers lie on whole words and have no text yet.
std::vector<Answer> best_answers(const AnswerPart& part, std::span<const float> start_logits,
                                 std::span<const float> end_logits, const AnswerOptions& options);

}  // namespace tessera
