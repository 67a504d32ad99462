#pragma once

#include <memory>
#include <string>

#include "core/tokenizer/normalizer/normalizer.hpp"
#include "core/tokenizer/text/pattern.hpp"

namespace tessera::tokenizer {

/// `Replace`: puts a fixed text in place of every match. It stands for the last character of the match.
class ReplaceNormalizer final : public Normalizer {
 public:
  ReplaceNormalizer(std::unique_ptr<Pattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void normalize(AlignedText& text) const override;

 private:
  std::unique_ptr<Pattern> pattern_;
  std::string content_;
};

}  // namespace tessera::tokenizer
