/// The large weights of a program in memory: one arena, filled once, then read by every session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lower.hpp"
#include "plugins/cpu/threads/thread_pool.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/weights.hpp"
#include "weight_arena.hpp"

namespace tessera::cpu {

/// Immutable after loading: any thread.
class PackedWeights {
 public:
  PackedWeights() = default;

  /// Packs `specs` on all threads of `pool`, tensor by tensor in the order of their files, and lets the
  /// file's pages go after each piece: at the peak memory holds what is packed so far and one piece (16 MB).
  /// Reports progress in bytes after each piece. Throws kCancelled, kOutOfMemory, and what mapping throws.
  static PackedWeights load(const std::vector<WeightSpec>& specs, const sdk::Weights& files,
                            const sdk::Progress& progress, ThreadPool& pool);

  /// Entry `index` of the list: shape, layout, and the bytes (64-byte aligned).
  struct Entry {
    PackedLinear shape;
    WeightLayout layout = WeightLayout::kRows;
    const std::byte* data = nullptr;
  };
  const Entry& operator[](int64_t index) const { return entries_[static_cast<size_t>(index)]; }
  int64_t size() const { return static_cast<int64_t>(entries_.size()); }
  int64_t bytes() const { return static_cast<int64_t>(arena_.size()); }

 private:
  WeightArena arena_;
  std::vector<Entry> entries_;
};

/// Row `row` of the original weight as F32. y [in]; 0 <= row < out.
void read_row(const PackedWeights::Entry& weight, int64_t row, float* y);

}  // namespace tessera::cpu
