#pragma once

#include "core/tokenizer/normalizer/normalizer.hpp"

namespace tessera::tokenizer {

/// `NFC`, `NFD`, `NFKC`, `NFKD`: the normalization forms of Unicode (UAX #15).
class UnicodeForm final : public Normalizer {
 public:
  enum Form { kNfc, kNfd, kNfkc, kNfkd };
  explicit UnicodeForm(Form form) : form_(form) {}

  void normalize(AlignedText& text) const override;

 private:
  Form form_;
};

}  // namespace tessera::tokenizer
