/// Cutting a text at matches: the five behaviours of Hugging Face's `Split`.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tokenizer/text/aligned_text.hpp"

namespace tessera::tokenizer {

/// What becomes of the delimiters; "the-final--countdown" cut at "-":
enum class SplitBehavior {
  kRemoved,             ///< the | final | countdown
  kIsolated,            ///< the | - | final | - | - | countdown
  kMergedWithPrevious,  ///< the- | final- | - | countdown
  kMergedWithNext,      ///< the | -final | - | -countdown
  kContiguous,          ///< the | - | final | -- | countdown
};

/// Which parts of the text are the delimiters.
enum class Delimiters { kMatches, kGaps };

/// Appends the pieces of a text of `size` bytes, cut at `matches` (in order, disjoint), as ranges moved by
/// `origin`. Empty pieces are left out.
void split_at(const std::vector<Span>& matches, uint32_t size, SplitBehavior behavior, Delimiters delimiters,
              uint32_t origin, std::vector<Span>& pieces);

}  // namespace tessera::tokenizer
