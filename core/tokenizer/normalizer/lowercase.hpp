#pragma once

#include "core/tokenizer/normalizer/normalizer.hpp"

namespace tessera::tokenizer {

/// `Lowercase`: each code point becomes its full lower case, without context (a final sigma is σ). The only
/// one that becomes two is U+0130: i and a dot above.
class Lowercase final : public Normalizer {
 public:
  void normalize(AlignedText& text) const override;
};

}  // namespace tessera::tokenizer
