#include "weight_arena.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdint>
#include <tessera/sdk/error.hpp>
#include <utility>

namespace tessera::cpu {
namespace {
constexpr size_t kHugePage = size_t{2} << 20;
}

WeightArena::WeightArena(size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  mapping_bytes_ = bytes + kHugePage;
  mapping_ = mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED) {
    mapping_ = nullptr;
    throw Error(ErrorCode::kOutOfMemory,
                fmt::format("the system has no memory for {} bytes of packed weights", bytes))
        .remedy("use a smaller model or a smaller weight type");
  }
  const uintptr_t base = (reinterpret_cast<uintptr_t>(mapping_) + kHugePage - 1) / kHugePage * kHugePage;
  data_ = reinterpret_cast<std::byte*>(base);
  // Whole huge pages only: the tail would otherwise cost up to 2 MB that a small model does not have.
  const size_t huge = bytes / kHugePage * kHugePage;
  if (huge > 0) madvise(data_, huge, MADV_HUGEPAGE);  // a hint; kernels without it serve small pages
}

WeightArena::~WeightArena() {
  if (mapping_ != nullptr) munmap(mapping_, mapping_bytes_);
}

WeightArena::WeightArena(WeightArena&& other) noexcept {
  *this = std::move(other);
}

WeightArena& WeightArena::operator=(WeightArena&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_bytes_, other.mapping_bytes_);
  return *this;
}

}  // namespace tessera::cpu
