/// Thread pools shared by everything in the process.
#pragma once

#include <memory>

#include "plugins/cpu/threads/thread_pool.hpp"

namespace tessera::cpu {

/// The process's pool of this many threads: sessions that compute on equally many share it, and their steps
/// queue for it rather than fight for cores. A pool of one has no thread to share: each call makes its own,
/// so that small models run side by side. A pool lives as long as somebody holds it. Any thread.
std::shared_ptr<ThreadPool> shared_pool(int threads);

}  // namespace tessera::cpu
