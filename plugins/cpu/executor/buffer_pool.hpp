/// Memory for tensors: reference-counted blocks that return to a pool instead of the heap.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tessera::exec {

class BufferPool;

/// One block of 64-byte aligned memory, or the strings of a string tensor. Handled through `BufferRef` only.
struct Buffer {
  std::atomic<int32_t> references{0};
  size_t capacity_bytes = 0;
  std::byte* bytes = nullptr;
  std::vector<std::string> strings;
  std::shared_ptr<BufferPool> home;  ///< where it goes when nobody refers to it; null: the heap
};

/// A counted reference to a Buffer. References to one buffer may live in several threads.
class BufferRef {
 public:
  BufferRef() = default;
  explicit BufferRef(Buffer* buffer) : buffer_(buffer) { retain(); }
  BufferRef(const BufferRef& other) : buffer_(other.buffer_) { retain(); }
  BufferRef(BufferRef&& other) noexcept : buffer_(other.buffer_) { other.buffer_ = nullptr; }
  BufferRef& operator=(BufferRef other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~BufferRef() {
    if (buffer_ && buffer_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) release(buffer_);
  }
  Buffer* get() const { return buffer_; }
  Buffer* operator->() const { return buffer_; }
  explicit operator bool() const { return buffer_ != nullptr; }
  bool unique() const { return buffer_ && buffer_->references.load(std::memory_order_acquire) == 1; }

 private:
  void retain() {
    if (buffer_) buffer_->references.fetch_add(1, std::memory_order_relaxed);
  }
  static void release(Buffer* buffer);

  Buffer* buffer_ = nullptr;
};

/// Keeps freed buffers in size classes (four an octave, so at most a quarter of a buffer is unused) and hands
/// them out again: a graph that runs with equal shapes allocates in its first run only. When sizes change so
/// much that all would be more than twice what was ever in use at once, the idle buffers are freed (not
/// earlier: the system clears each page that it gives). Any thread. Buffers may outlive their pool's other
/// owners.
class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  static std::shared_ptr<BufferPool> create() { return std::shared_ptr<BufferPool>(new BufferPool()); }
  ~BufferPool();

  /// Uninitialised memory of at least `bytes`, 64-byte aligned. Throws kOutOfMemory.
  BufferRef allocate(size_t bytes);
  size_t bytes_in_use() const;
  size_t bytes_idle() const;

 private:
  friend class BufferRef;
  static constexpr size_t kClasses = 256;

  BufferPool() = default;
  void take_back(Buffer* buffer);
  void free_idle();  // mutex held

  mutable std::mutex mutex_;
  std::vector<Buffer*> idle_[kClasses];
  size_t bytes_in_use_ = 0;
  size_t bytes_idle_ = 0;
  size_t most_in_use_ = 0;
};

/// The same without a pool: from the heap, back to the heap. Throws kOutOfMemory.
BufferRef allocate_buffer(size_t bytes);
/// A buffer of `count` empty strings.
BufferRef allocate_strings(size_t count);

}  // namespace tessera::exec
