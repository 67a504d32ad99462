/// Which token ids end a text.
#pragma once

#include <string>
#include <vector>

#include "core/checkpoint/generation_config.hpp"
#include "core/tokenizer/tokenizer.hpp"

namespace tessera {

struct EndTokens {
  std::vector<int64_t> ids;
  std::string warning;  ///< empty: nothing odd was found
};

/// The ids of generation_config.json, else of config.json, as they stand; but an id that the tokenizer
/// decodes as an ordinary word cannot be meant when the tokenizer has a special token with the name of an end
/// ("</s>",
/// "<|endoftext|>", ...): config.json then holds its class's default, made for another tokenizer. That
/// special token is taken instead, with a warning. `tokenizer` may be null: the ids as they stand.
EndTokens find_end_tokens(const GenerationConfig& config, const Tokenizer* tokenizer);

}  // namespace tessera
