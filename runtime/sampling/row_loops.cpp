#include "runtime/sampling/row_loops.hpp"

#include <cmath>

#include "runtime/sampling/elementary.hpp"
#include "runtime/sampling/vector_clones.hpp"

namespace tessera::sampling {
namespace {

constexpr size_t kRowLanes = 32;  // above 16: GCC unrolls shorter loops before it would vectorise them

double sum_of(const double (&lanes)[kRowLanes]) {
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace

TESSERA_VECTOR_CLONES RowScan scan_row(std::span<const float> row) {
  float largest[kRowLanes];
  int odd[kRowLanes] = {};
  for (float& lane : largest) lane = -kInfinity;
  const float* x = row.data();
  const size_t whole = row.size() / kRowLanes * kRowLanes;
  for (size_t i = 0; i < whole; i += kRowLanes) {
    for (size_t lane = 0; lane < kRowLanes; ++lane) {
      odd[lane] |= x[i + lane] < kInfinity ? 0 : 1;
      largest[lane] = x[i + lane] > largest[lane] ? x[i + lane] : largest[lane];
    }
  }
  for (size_t i = whole; i < row.size(); ++i) {
    odd[0] |= x[i] < kInfinity ? 0 : 1;
    largest[0] = x[i] > largest[0] ? x[i] : largest[0];
  }
  RowScan scan{-kInfinity, true};
  for (size_t lane = 0; lane < kRowLanes; ++lane) {
    scan.all_below = scan.all_below && odd[lane] == 0;
    scan.largest = largest[lane] > scan.largest ? largest[lane] : scan.largest;
  }
  return scan;
}

TESSERA_VECTOR_CLONES void exponentials(std::span<const float> values, std::span<float> out) {
  const float* from = values.data();
  float* to = out.data();
  for (size_t i = 0; i < values.size(); ++i) to[i] = exp_negative(from[i]);
}

TESSERA_VECTOR_CLONES double sum_of_exponentials(std::span<const float> row, float largest) {
  double lanes[kRowLanes] = {};
  const float* x = row.data();
  const size_t whole = row.size() / kRowLanes * kRowLanes;
  for (size_t i = 0; i < whole; i += kRowLanes) {
    float block[kRowLanes];
    for (size_t lane = 0; lane < kRowLanes; ++lane) block[lane] = exp_negative(x[i + lane] - largest);
    for (size_t lane = 0; lane < kRowLanes; ++lane) lanes[lane] += static_cast<double>(block[lane]);
  }
  for (size_t i = whole; i < row.size(); ++i) {
    lanes[i - whole] += static_cast<double>(exp_negative(x[i] - largest));
  }
  return sum_of(lanes);
}

TESSERA_VECTOR_CLONES double mass_between(std::span<const float> keys, std::span<const float> weights,
                                          float low, float high) {
  double lanes[kRowLanes] = {};
  const float* key = keys.data();
  const float* weight = weights.data();
  const size_t whole = keys.size() / kRowLanes * kRowLanes;
  for (size_t i = 0; i < whole; i += kRowLanes) {
    float block[kRowLanes];
    for (size_t lane = 0; lane < kRowLanes; ++lane) {
      const bool inside = (key[i + lane] >= low) & (key[i + lane] < high);
      block[lane] = inside ? weight[i + lane] : 0.0F;
    }
    for (size_t lane = 0; lane < kRowLanes; ++lane) lanes[lane] += static_cast<double>(block[lane]);
  }
  for (size_t i = whole; i < keys.size(); ++i) {
    if (key[i] >= low && key[i] < high) lanes[i - whole] += static_cast<double>(weight[i]);
  }
  return sum_of(lanes);
}

TESSERA_VECTOR_CLONES double dot(std::span<const float> a, std::span<const float> b) {
  double lanes[kRowLanes] = {};
  const float* x = a.data();
  const float* y = b.data();
  const size_t whole = a.size() / kRowLanes * kRowLanes;
  for (size_t i = 0; i < whole; i += kRowLanes) {
    for (size_t lane = 0; lane < kRowLanes; ++lane) {
      // A weight of 0 may belong to minus infinity.
      const float factor = y[i + lane] == 0 ? 0.0F : x[i + lane];
      lanes[lane] += static_cast<double>(factor) * static_cast<double>(y[i + lane]);
    }
  }
  for (size_t i = whole; i < a.size(); ++i) {
    if (y[i] != 0) lanes[i - whole] += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  }
  return sum_of(lanes);
}

TESSERA_VECTOR_CLONES void distances_below(std::span<const float> values, double center,
                                           std::span<float> out) {
  const float* from = values.data();
  float* to = out.data();
  for (size_t i = 0; i < values.size(); ++i) {
    to[i] = -static_cast<float>(std::abs(center - static_cast<double>(from[i])));
  }
}

TESSERA_VECTOR_CLONES void scale_row(std::span<const float> row, float largest, float divisor,
                                     std::span<float> out) {
  const float* from = row.data();
  float* to = out.data();
  for (size_t i = 0; i < row.size(); ++i) to[i] = (from[i] - largest) / divisor;
}

TESSERA_VECTOR_CLONES void raise_to(std::span<float> maxima, const float* row) {
  float* to = maxima.data();
  for (size_t i = 0; i < maxima.size(); ++i) to[i] = row[i] > to[i] ? row[i] : to[i];
}

TESSERA_VECTOR_CLONES size_t next_block_at_least(std::span<const float> row, size_t from, float threshold) {
  const float* x = row.data();
  size_t i = from;
  for (; i + kRowLanes <= row.size(); i += kRowLanes) {
    int any = 0;
    for (size_t lane = 0; lane < kRowLanes; ++lane) any |= x[i + lane] >= threshold ? 1 : 0;
    if (any != 0) return i;
  }
  return i;
}

}  // namespace tessera::sampling
