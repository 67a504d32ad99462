#pragma once

#include <memory>
#include <vector>

#include "core/tokenizer/normalizer/normalizer.hpp"

namespace tessera::tokenizer {

/// `Sequence`: one after the other.
class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> steps) : steps_(std::move(steps)) {}

  void normalize(AlignedText& text) const override {
    for (const auto& step : steps_) step->normalize(text);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

}  // namespace tessera::tokenizer
