/// Rounding to microscaling (MX) formats: OCP Microscaling Formats (MX) Specification 1.0, sections 5
/// and 6.3.
///
/// A block of 32 elements shares a power of two: 2^(floor(log2 of the largest magnitude) - emax of the
/// element type), within E8M0's 2^-127 .. 2^127. Each element, divided by it, becomes the nearest value of
/// the element type, ties to even; what is larger than the largest becomes the largest.
#pragma once

#include <cstddef>

namespace tessera::qaic::standin {

inline constexpr size_t kMxBlock = 32;

/// Elements of a block.
enum class MxElement {
  /// FP6 with 2 bits of exponent, 3 of mantissa: +-7.5 in steps of 1/8 at least. The vendor does not say
  /// which
  /// of the two FP6 its MXFP6 is; with a scale for each 32 weights, bits of mantissa serve better than bits
  /// of
  /// exponent (arXiv 2310.10537 takes E2M3 for inference, too).
  kE2M3,
  kInt8,  ///< two's complement with 6 bits of fraction: +-127/64; -2 stays unused
};

/// Rounds `count` values in place, `stride` floats apart: one row. Blocks begin at its first value; the last
/// one may be shorter. A block that holds a NaN or an infinity becomes NaN whole: its scale has no other way
/// to say so.
void round_to_mx(MxElement element, float* values, size_t count, size_t stride = 1);

}  // namespace tessera::qaic::standin
