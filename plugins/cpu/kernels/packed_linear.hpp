/// Linear weights in the one layout that serves every number of rows.
///
/// A weight [out, in] is cut into panels of 32 outputs; a panel is stored K-major, [in][32], in the weight's
/// own dtype. Lanes of a vector are outputs, so a dot product is one chain of FMAs over ascending `in`,
/// whatever the number of rows: that is what makes the bits of a row independent of its batch. `out` is
/// padded with zeros to a multiple of 32. Panels follow one another without gaps: the packed form of two
/// weights with the same `in`, the first with `out` a multiple of 32, one after the other in memory, is the
/// packed form of their concatenation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tessera::cpu {

/// How a weight is stored, in the file and in memory. F16 and BF16 are widened exactly to F32 inside the
/// kernels.
enum class WeightType : uint8_t { kF32, kF16, kBF16 };

constexpr int64_t kPanelWidth = 32;  ///< outputs of a panel

/// Bytes of one element.
int64_t element_bytes(WeightType type);

/// Shape of a packed weight; the bytes belong to the caller.
struct PackedLinear {
  int64_t in = 0;   ///< K, at least 1
  int64_t out = 0;  ///< N, at least 1
  WeightType type = WeightType::kF32;
};
int64_t panel_count(const PackedLinear& shape);   ///< ceil(out / 32)
int64_t panel_bytes(const PackedLinear& shape);   ///< in * 32 elements
int64_t packed_bytes(const PackedLinear& shape);  ///< panel_count * panel_bytes, a multiple of 64

/// Packs panels [panel_begin, panel_end).
/// weight  [out, in] row-major elements of `shape.type`; any alignment, also odd addresses (safetensors)
/// packed  packed_bytes(shape), aligned to 64; only the bytes of the named panels are written
/// Threads may pack different panels of one weight at the same time.
void pack(const PackedLinear& shape, const void* weight, int64_t panel_begin, int64_t panel_end,
          void* packed);

/// The same for a weight that lies as [in, out].
void pack_transposed(const PackedLinear& shape, const void* weight, int64_t panel_begin, int64_t panel_end,
                     void* packed);

/// Reads row `row` of the original [out, in] weight back as F32 (embedding lookup on a tied head).
/// y  [in]. 0 <= row < out. Any thread.
void gather_row(const PackedLinear& shape, const void* packed, int64_t row, float* y);

/// Widens `n` elements of any alignment to F32, exactly (norm weights and biases stored in 16 bits).
void widen(WeightType type, const void* source, int64_t n, float* y);

}  // namespace tessera::cpu
