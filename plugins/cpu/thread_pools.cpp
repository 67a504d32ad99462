#include "thread_pools.hpp"

#include <map>
#include <mutex>

namespace tessera::cpu {

std::shared_ptr<ThreadPool> shared_pool(int threads) {
  if (threads <= 1) return std::make_shared<ThreadPool>(1);
  static std::mutex mutex;
  static std::map<int, std::weak_ptr<ThreadPool>> pools;
  const std::lock_guard<std::mutex> lock(mutex);
  std::weak_ptr<ThreadPool>& known = pools[threads];
  std::shared_ptr<ThreadPool> pool = known.lock();
  if (!pool) known = pool = std::make_shared<ThreadPool>(threads);
  return pool;
}

}  // namespace tessera::cpu
