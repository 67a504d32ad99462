/// Token scores to entities, step by step as Hugging Face's token classification pipeline does it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/tokenizer/tokenizer.hpp"
#include "tessera/classification.hpp"

namespace tessera {

/// What finding entities needs beside the scores. Borrowed.
struct EntityContext {
  const Tokenizer& tokenizer;
  const std::vector<std::string>& labels;
  int64_t unknown_id;       ///< -1: none
  bool has_subword_prefix;  ///< WordPiece: a token that goes on a word is longer than its part of the text
  const TokenClassifyOptions& options;
};

/// scores [tokens, labels] of `encoding`, each row a softmax. Tokens of the template are left out.
std::vector<Entity> find_entities(const EntityContext& context, const std::string& text,
                                  const Encoding& encoding, const std::vector<std::vector<float>>& scores);

}  // namespace tessera
