#pragma once

#include "core/tokenizer/normalizer/normalizer.hpp"

namespace tessera::tokenizer {

/// `Strip`: takes white space off the ends.
class StripNormalizer final : public Normalizer {
 public:
  StripNormalizer(bool strip_left, bool strip_right) : strip_left_(strip_left), strip_right_(strip_right) {}
  void normalize(AlignedText& text) const override;

 private:
  bool strip_left_, strip_right_;
};

}  // namespace tessera::tokenizer
