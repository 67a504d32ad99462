/// A normalizer rewrites text before anything else looks at it.
#pragma once

#include "core/tokenizer/text/aligned_text.hpp"

namespace tessera::tokenizer {

/// Immutable after construction: const methods from any thread.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(AlignedText& text) const = 0;
};

}  // namespace tessera::tokenizer
