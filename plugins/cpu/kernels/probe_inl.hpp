/// The loops behind limits.hpp. Include after a vector_*.hpp.
#pragma once

namespace tessera::cpu {
namespace {

/// Four streams inside each pair of pages would be faster on some machines and slower on others; one
/// ascending stream with prefetch is what the kernels do, too.
float read_stream(const void* data, int64_t bytes) {
  const auto* p = static_cast<const float*>(data);
  Vec sum[8];
  for (Vec& s : sum) s = zero();
  for (int64_t i = 0; i < bytes / 4; i += 128) {
    for (int64_t line = 0; line < 8; ++line) prefetch(p + i + 1024 + 16 * line);
#pragma GCC unroll 8
    for (int64_t part = 0; part < 8; ++part) sum[part] = add(sum[part], load(p + i + 16 * part));
  }
  Vec total = zero();
  for (const Vec& s : sum) total = add(total, s);
  return sum_lanes(total);
}

// Enough independent chains to fill two pipes of four cycles, few enough for the registers.
constexpr int kChains = kTileRows * kTileVecs > 12 ? 24 : 6;
constexpr int64_t kFlopsPerIteration = 2 * 16 * kChains;

float fma_chains(int64_t iterations) {
  Vec sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = splat(static_cast<float>(i));
  const Vec a = splat(0.999f), b = splat(0.001f);
  for (int64_t n = 0; n < iterations; ++n) {
#pragma GCC unroll 24
    for (int i = 0; i < kChains; ++i) sum[i] = fma(sum[i], a, b);
  }
  Vec total = zero();
  for (const Vec& s : sum) total = add(total, s);
  return sum_lanes(total);
}

}  // namespace
}  // namespace tessera::cpu
