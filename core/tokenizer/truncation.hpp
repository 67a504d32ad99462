/// Cutting and filling up token sequences to a length, as the blocks `truncation` and `padding` of
/// tokenizer.json say.
#pragma once

#include <optional>
#include <string>

#include "core/tokenizer/token_run.hpp"

namespace tessera::tokenizer {

enum class Direction { kLeft, kRight };

/// Field names are the keys of the block.
struct Truncation {
  enum Strategy { kLongestFirst, kOnlyFirst, kOnlySecond };
  size_t max_length = 0;  ///< tokens, those of the template included
  Strategy strategy = kLongestFirst;
  Direction direction = Direction::kRight;  ///< the end that is cut off
};

/// Cuts one text, or a pair, to `max_length` tokens (those of the template already taken off). Throws Error
/// kInvalidArgument when the text that the strategy names is missing or too short to be cut that much.
void truncate(const Truncation& truncation, size_t max_length, TokenRun& first, TokenRun* second);

/// Field names are the keys of the block.
struct Padding {
  std::optional<size_t> fixed_length;  ///< strategy Fixed; none: BatchLongest
  Direction direction = Direction::kRight;
  size_t pad_to_multiple_of = 0;  ///< 0: no
  int64_t pad_id = 0;
  uint32_t pad_type_id = 0;
  std::string pad_token;
};

/// Fills up to the length that the block says for a batch whose longest run has `longest` tokens.
void pad(const Padding& padding, size_t longest, TokenRun& run);

}  // namespace tessera::tokenizer
