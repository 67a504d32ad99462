#pragma once

#include <string>

#include "core/tokenizer/normalizer/normalizer.hpp"

namespace tessera::tokenizer {

/// `Prepend`: puts a fixed text in front of each non-empty stretch between added tokens (the old spelling of
/// SentencePiece's dummy prefix). It stands for the first character of the stretch.
class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}

  void normalize(AlignedText& text) const override {
    if (text.empty()) return;
    TextEdit edit(text);
    edit.write(prefix_, 0);
    edit.keep({0, static_cast<uint32_t>(text.text().size())});
    edit.commit();
  }

 private:
  std::string prefix_;
};

}  // namespace tessera::tokenizer
