#pragma once

#include <memory>
#include <vector>

#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"

namespace tessera::tokenizer {

/// `Sequence`: one after the other, each on the pieces that the one before left.
class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> steps)
      : steps_(std::move(steps)) {}

  void pre_tokenize(PreTokenizedText& text) const override {
    for (const auto& step : steps_) step->pre_tokenize(text);
  }
  bool needs_source(bool edited) const override {
    for (const auto& step : steps_) {
      if (step->needs_source(edited || step != steps_.front())) return true;
    }
    return false;
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

}  // namespace tessera::tokenizer
