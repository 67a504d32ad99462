#include "limits.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <tessera/sdk/error.hpp>

#include "kernel_table.hpp"
#include "plugins/cpu/threads/thread_pool.hpp"

namespace tessera::cpu {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Results go here, so that the work that made them is not dropped.
std::atomic<float> g_sink{0.0f};

/// Anonymous memory in large pages where the system gives them, as the weights have.
class Buffer {
 public:
  explicit Buffer(int64_t bytes) : bytes_(static_cast<size_t>(bytes)) {
    data_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data_ == MAP_FAILED) {
      throw Error(ErrorCode::kOutOfMemory,
                  "no memory to measure the read bandwidth: " + std::to_string(bytes_) + " bytes")
          .remedy("free some memory, or leave out the measurement");
    }
    madvise(data_, bytes_, MADV_HUGEPAGE);
  }
  ~Buffer() { munmap(data_, bytes_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  float* floats() const { return static_cast<float*>(data_); }

 private:
  void* data_;
  size_t bytes_;
};

int64_t buffer_bytes() {
  constexpr int64_t kLeast = int64_t{1} << 30, kPage = 2 << 20;
  const int64_t cache = std::max<int64_t>(0, sysconf(_SC_LEVEL3_CACHE_SIZE));
  const int64_t available = int64_t{sysconf(_SC_AVPHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  const int64_t bytes = std::min(std::max(kLeast, 4 * cache), available / 2);
  return std::max(kPage, bytes / kPage * kPage);
}

/// Work a second, the best of some attempts of all threads together; `attempt(team)` returns this thread's
/// work.
template <class Attempt>
double best_rate(ThreadPool& pool, int attempts, double work, Attempt attempt) {
  double best = 0.0;
  for (int i = 0; i < attempts; ++i) {
    double seconds = 0.0;
    pool.run([&](Team& team) {
      team.barrier();
      const Clock::time_point start = Clock::now();
      g_sink.store(attempt(team), std::memory_order_relaxed);
      team.barrier();
      if (team.thread() == 0) seconds = seconds_since(start);
    });
    best = std::max(best, work / seconds);
  }
  return best;
}

}  // namespace

double measure_read_bandwidth(int threads) {
  const KernelTable& table = kernels(detect().best);
  const int64_t bytes = buffer_bytes();
  const Buffer buffer(bytes);
  constexpr int64_t kPage = 4096;
  ThreadPool pool(threads);
  pool.run([&](Team& team) {  // touched by who reads it
    const Team::Share pages = team.share(bytes / kPage);
    std::fill(buffer.floats() + pages.begin * (kPage / 4), buffer.floats() + pages.end * (kPage / 4), 1.0f);
  });
  return 1e-9 * best_rate(pool, 5, static_cast<double>(bytes), [&](Team& team) {
           const Team::Share pages = team.share(bytes / kPage);
           return table.read_stream(buffer.floats() + pages.begin * (kPage / 4),
                                    (pages.end - pages.begin) * kPage);
         });
}

double measure_fma_rate(int threads, Isa isa) {
  const KernelTable& table = kernels(isa);
  ThreadPool pool(threads);
  // Calibrated to about 20 ms.
  int64_t iterations = 1000;
  double rate = 0.0;
  const auto flops = [&] {
    return static_cast<double>(threads * iterations * table.fma_flops_per_iteration);
  };
  const auto attempt = [&](Team&) { return table.fma_chains(iterations); };
  for (int i = 0; i < 3; ++i) {
    rate = best_rate(pool, 1, flops(), attempt);
    iterations = std::max<int64_t>(
        1000, static_cast<int64_t>(0.02 * static_cast<double>(iterations) * rate / flops()));
  }
  return 1e-9 * best_rate(pool, 10, flops(), attempt);
}

}  // namespace tessera::cpu
