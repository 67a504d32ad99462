/// A text that a model is made to say, whatever its weights.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tessera/model.hpp"

namespace tessera::cli {

struct ForcedText {
  std::vector<int64_t> prompt, tokens;  ///< the first half and the second
};

/// By the model's tokenizer; without one each word is a token, numbered in order of appearance. At most what
/// the model's context holds, from the beginning. Throws Error kInvalidArgument for fewer than 4 tokens.
ForcedText forced_text(const AutoModelForCausalLM& model, std::string_view text);

}  // namespace tessera::cli
