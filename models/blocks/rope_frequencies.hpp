/// Inverse frequencies of rotary position embedding, plain and scaled.
///
/// inv_freq[i] is the angle in radians by which one position turns pair i of a head, i < dim/2. All of it is
/// float32 arithmetic in Hugging Face's order of operations, since a table that differs in the last bit is
/// off by a visible angle at position 100,000. Powers are computed in double and rounded once, so every C
/// library gives the same table. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera::blocks {

/// 1 / theta^(2i / dim)  (arXiv:2104.09864)
std::vector<float> default_frequencies(double theta, int64_t dim);

/// The default ones divided by `factor` (position interpolation, arXiv:2306.15595).
std::vector<float> linear_frequencies(double theta, int64_t dim, double factor);

struct Llama3Scaling {
  double factor;            ///< divides the frequencies of long waves
  double low_freq_factor;   ///< waves longer than original_length / low_freq_factor are long
  double high_freq_factor;  ///< waves shorter than original_length / high_freq_factor stay; > low_freq_factor
  int64_t original_length;  ///< positions of pre-training
};
/// Llama 3.1: short waves stay, long ones are divided by the factor, between them the two are mixed.
std::vector<float> llama3_frequencies(double theta, int64_t dim, const Llama3Scaling& scaling);

struct YarnScaling {
  double factor;
  double beta_fast;         ///< pairs that turn more often than this in original_length stay
  double beta_slow;         ///< pairs that turn less often are divided by the factor
  bool truncate;            ///< the bounds between are floored and ceiled
  int64_t original_length;  ///< positions of pre-training
};
/// YaRN (arXiv:2309.00071), section 3.2. theta > 1.
std::vector<float> yarn_frequencies(double theta, int64_t dim, const YarnScaling& scaling);

/// LongRoPE (arXiv:2402.13753): 1 / (factors[i] * theta^(2i / dim)); dim/2 factors.
std::vector<float> longrope_frequencies(double theta, int64_t dim, const std::vector<double>& factors);

}  // namespace tessera::blocks
