/// Whether two models mean the same by a token id.
#pragma once

#include <cstdint>

#include "core/tokenizer/tokenizer.hpp"

namespace tessera {

/// What is compared of a model; the tokenizer may be null.
struct Vocabulary {
  const Tokenizer* tokenizer;
  int64_t rows;  ///< of the head: heads may be padded beyond the tokenizer's ids
};

/// The number n of ids that a draft model may propose: ids below n stand for the same token in both models.
/// Tokens that only one of them has, and padded rows, are beyond it. Without tokenizers the rows alone are
/// compared. Throws Error kInvalidArgument naming the first id whose tokens differ, or what cannot be
/// compared.
int64_t shared_ids(const Vocabulary& target, const Vocabulary& draft);

}  // namespace tessera
