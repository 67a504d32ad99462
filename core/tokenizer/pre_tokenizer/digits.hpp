#pragma once

#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"

namespace tessera::tokenizer {

/// `Digits`: cuts round each numeric character (of any script), or round runs of them.
class Digits final : public PreTokenizer {
 public:
  enum Grouping { kIndividual, kRuns };
  explicit Digits(Grouping grouping) : grouping_(grouping) {}
  void pre_tokenize(PreTokenizedText& text) const override;

 private:
  Grouping grouping_;
};

}  // namespace tessera::tokenizer
