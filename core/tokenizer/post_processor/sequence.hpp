#pragma once

#include <memory>
#include <vector>

#include "core/tokenizer/post_processor/post_processor.hpp"

namespace tessera::tokenizer {

/// `Sequence`: one after the other.
class PostProcessorSequence final : public PostProcessor {
 public:
  explicit PostProcessorSequence(std::vector<std::unique_ptr<PostProcessor>> steps)
      : steps_(std::move(steps)) {}

  void process(std::vector<TokenRun>& runs, SpecialTokens special_tokens) const override {
    for (const auto& step : steps_) step->process(runs, special_tokens);
  }
  size_t added_tokens(bool pair) const override {
    size_t count = 0;
    for (const auto& step : steps_) count += step->added_tokens(pair);
    return count;
  }

 private:
  std::vector<std::unique_ptr<PostProcessor>> steps_;
};

}  // namespace tessera::tokenizer
