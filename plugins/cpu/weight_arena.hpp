/// One stretch of memory for all packed weights of a program, sized beforehand.
///
/// Weights are packed into it in ascending order, so that memory is taken as packing goes: at the peak the
/// process holds the packed weights and a small window of the checkpoint, never both whole. 2 MB aligned and
/// marked for huge pages: one TLB entry covers 2 MB of a stream that touches every page once a step.
#pragma once

#include <cstddef>

namespace tessera::cpu {

class WeightArena {
 public:
  WeightArena() = default;
  /// Throws kOutOfMemory when the system refuses the address range.
  explicit WeightArena(size_t bytes);
  ~WeightArena();
  WeightArena(WeightArena&& other) noexcept;
  WeightArena& operator=(WeightArena&& other) noexcept;

  /// Zero-filled, 2 MB aligned.
  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  void* mapping_ = nullptr;
  size_t mapping_bytes_ = 0;
};

}  // namespace tessera::cpu
