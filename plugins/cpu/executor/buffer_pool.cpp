#include "buffer_pool.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdlib>

#include "tessera/sdk/error.hpp"

namespace tessera::exec {
namespace {

constexpr size_t kAlignment = 64;

// Class 4 * e + q holds buffers of (4 + q) * 2^e bytes, times 64.
struct SizeClass {
  size_t index;
  size_t bytes;
};

SizeClass size_class(size_t bytes) {
  size_t units = std::max<size_t>((bytes + kAlignment - 1) / kAlignment, 4);
  int exponent = std::bit_width(units) - 3;
  size_t quarters = (units + (size_t{1} << exponent) - 1) >> exponent;  // 4 .. 8
  if (quarters == 8) {
    quarters = 4;
    ++exponent;
  }
  return {static_cast<size_t>(exponent) * 4 + quarters - 4, (quarters << exponent) * kAlignment};
}

Buffer* new_buffer(size_t bytes) {
  // Beyond half of the address space the arithmetic above would wrap.
  void* memory = bytes < SIZE_MAX / 4 ? std::aligned_alloc(kAlignment, bytes) : nullptr;
  if (!memory) throw Error(ErrorCode::kOutOfMemory, fmt::format("no memory for a tensor of {} bytes", bytes));
  Buffer* buffer = new Buffer();
  buffer->capacity_bytes = bytes;
  buffer->bytes = static_cast<std::byte*>(memory);
  return buffer;
}

void delete_buffer(Buffer* buffer) {
  std::free(buffer->bytes);
  delete buffer;
}

}  // namespace

void BufferRef::release(Buffer* buffer) {
  if (!buffer->home) return delete_buffer(buffer);
  std::shared_ptr<BufferPool> home = std::move(buffer->home);
  home->take_back(buffer);
}

BufferPool::~BufferPool() {
  free_idle();
}

BufferRef BufferPool::allocate(size_t bytes) {
  if (bytes >= SIZE_MAX / 4)
    throw Error(ErrorCode::kOutOfMemory, fmt::format("no memory for a tensor of {} bytes", bytes));
  SizeClass wanted = size_class(bytes);
  std::lock_guard lock(mutex_);
  std::vector<Buffer*>& list = idle_[wanted.index];
  Buffer* buffer;
  if (list.empty()) {
    most_in_use_ = std::max(most_in_use_, bytes_in_use_ + wanted.bytes);
    if (bytes_in_use_ + wanted.bytes + bytes_idle_ > 2 * most_in_use_) free_idle();
    buffer = new_buffer(wanted.bytes);
  } else {
    buffer = list.back();
    list.pop_back();
    bytes_idle_ -= buffer->capacity_bytes;
  }
  bytes_in_use_ += buffer->capacity_bytes;
  buffer->home = shared_from_this();
  return BufferRef(buffer);
}

void BufferPool::take_back(Buffer* buffer) {
  std::lock_guard lock(mutex_);
  bytes_in_use_ -= buffer->capacity_bytes;
  bytes_idle_ += buffer->capacity_bytes;
  idle_[size_class(buffer->capacity_bytes).index].push_back(buffer);
}

void BufferPool::free_idle() {
  for (std::vector<Buffer*>& list : idle_) {
    for (Buffer* buffer : list) delete_buffer(buffer);
    list.clear();
  }
  bytes_idle_ = 0;
}

size_t BufferPool::bytes_in_use() const {
  std::lock_guard lock(mutex_);
  return bytes_in_use_;
}

size_t BufferPool::bytes_idle() const {
  std::lock_guard lock(mutex_);
  return bytes_idle_;
}

BufferRef allocate_buffer(size_t bytes) {
  size_t rounded = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  return BufferRef(new_buffer(bytes >= SIZE_MAX / 4 ? bytes : rounded));
}

BufferRef allocate_strings(size_t count) {
  Buffer* buffer = new Buffer();
  buffer->strings.resize(count);
  return BufferRef(buffer);
}

}  // namespace tessera::exec
