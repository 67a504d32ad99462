#pragma once

#include "core/tokenizer/normalizer/normalizer.hpp"

namespace tessera::tokenizer {

/// `StripAccents`: takes out all combining marks. Accented letters lose theirs only where NFD has taken them
/// apart.
class StripAccents final : public Normalizer {
 public:
  void normalize(AlignedText& text) const override;
};

}  // namespace tessera::tokenizer
