/// Which token follows, given the logits.
#pragma once

#include <cstdint>
#include <span>

namespace tessera::engine {

/// One sequence's. Called on the engine's thread, once per emitted token, in order.
class TokenChooser {
 public:
  virtual ~TokenChooser() = default;
  /// logits  [vocabulary]; may be changed. Throws Error: the request fails with it.
  virtual int64_t choose(std::span<float> logits) = 0;
};

/// The largest logit, the lowest id among equals.
class GreedyChooser final : public TokenChooser {
 public:
  int64_t choose(std::span<float> logits) override;
};

/// Index of the largest value, the lowest among equals. Throws Error kInternal when one is NaN: a comparison
/// with NaN would hide it, and the text would be nonsense without a word.
int64_t argmax(std::span<const float> logits);

}  // namespace tessera::engine
