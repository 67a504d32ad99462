#include "runtime/engine/token_chooser.hpp"

#include <fmt/format.h>

#include <cmath>

#include "tessera/sdk/error.hpp"

namespace tessera::engine {

int64_t argmax(std::span<const float> logits) {
  size_t best = 0;
  bool nan = false;
  for (size_t i = 0; i < logits.size(); ++i) {
    nan |= std::isnan(logits[i]);
    if (logits[i] > logits[best]) best = i;
  }
  if (nan) {
    throw Error(ErrorCode::kInternal, "the logits are not numbers (NaN)")
        .remedy("check the checkpoint's weights for NaN and the precision for overflow");
  }
  return static_cast<int64_t>(best);
}

int64_t GreedyChooser::choose(std::span<float> logits) {
  return argmax(logits);
}

}  // namespace tessera::engine
