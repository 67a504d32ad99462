#include "rotary.hpp"

#include <cmath>

namespace tessera::cpu {

void rotary_row(int64_t position, const float* inv_freq, int64_t pairs, float scale, float* cosine,
                float* sine) {
  for (int64_t i = 0; i < pairs; ++i) {
    const float angle = static_cast<float>(position) * inv_freq[i];
    cosine[i] = static_cast<float>(std::cos(static_cast<double>(angle))) * scale;
    sine[i] = static_cast<float>(std::sin(static_cast<double>(angle))) * scale;
  }
}

}  // namespace tessera::cpu
