/// The loops over a whole row. Each is compiled for several instruction sets and the best is taken when the
/// program starts; none fuses or reorders, so the bits are the same in all. Sums are in double, in 32 lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace tessera::sampling {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct RowScan {
  float largest;   ///< minus infinity for an empty row
  bool all_below;  ///< every value is below plus infinity and none is NaN
};
RowScan scan_row(std::span<const float> row);

/// e^value for values <= 0.
void exponentials(std::span<const float> values, std::span<float> out);

/// Sum of e^(value - largest).
double sum_of_exponentials(std::span<const float> row, float largest);

/// Sum of the weights whose key is in [low, high).
double mass_between(std::span<const float> keys, std::span<const float> weights, float low, float high);

/// Sum of a[i] * b[i] where b[i] is not 0.
double dot(std::span<const float> a, std::span<const float> b);

/// out[i] = -|center - values[i]|, in double on the way.
void distances_below(std::span<const float> values, double center, std::span<float> out);

/// out[i] = (row[i] - largest) / divisor.
void scale_row(std::span<const float> row, float largest, float divisor, std::span<float> out);

/// maxima[i] = max(maxima[i], row[i]) over maxima's size.
void raise_to(std::span<float> maxima, const float* row);

/// The first i >= from, in steps of 32 from there, such that one of row[i .. i + 31] is at least the
/// threshold; an i with fewer than 32 values behind it when there is none.
size_t next_block_at_least(std::span<const float> row, size_t from, float threshold);

}  // namespace tessera::sampling
