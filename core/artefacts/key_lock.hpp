/// One builder of an entry among all processes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>

namespace tessera::artefacts {

/// Called ten times a second while another process holds the lock, with its number (0: not known); throws to
/// give up.
using Waiting = std::function<void(pid_t holder)>;

/// An flock on a file that says who holds it. The kernel frees it with the process, however that ends. The
/// file goes when the lock is released, and with it the folders above, up to `root`, that are empty then.
class KeyLock {
 public:
  /// Waits. Throws kIo with a remedy where nothing can be written, and what `waiting` throws.
  static std::unique_ptr<KeyLock> acquire(const std::filesystem::path& file,
                                          const std::filesystem::path& root, const Waiting& waiting);
  /// Null: somebody holds it, or nothing can be written.
  static std::unique_ptr<KeyLock> try_acquire(const std::filesystem::path& file,
                                              const std::filesystem::path& root);

  KeyLock(const KeyLock&) = delete;
  ~KeyLock();

 private:
  KeyLock(std::filesystem::path file, std::filesystem::path root, int fd);

  std::filesystem::path file_, root_;
  int fd_;
};

}  // namespace tessera::artefacts
