#pragma once

#include "core/tokenizer/normalizer/normalizer.hpp"

namespace tessera::tokenizer {

/// `BertNormalizer`: BERT's own cleaning, in this order.
class BertNormalizer final : public Normalizer {
 public:
  struct Config {
    bool clean_text = true;  ///< takes out controls, U+0000 and U+FFFD; every white space becomes U+0020
    bool handle_chinese_chars = true;  ///< puts spaces round CJK ideographs (not kana or Hangul)
    bool strip_accents = true;         ///< decomposes and takes out marks of category Mn
    bool lowercase = true;
  };
  explicit BertNormalizer(Config config) : config_(config) {}

  void normalize(AlignedText& text) const override;

 private:
  void normalize_ascii(AlignedText& text) const;

  Config config_;
};

}  // namespace tessera::tokenizer
