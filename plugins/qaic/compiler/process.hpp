/// A program that runs beside this one.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tessera::qaic {

/// A process group of its own, so that what it starts ends with it; the program itself ends even when this
/// process is killed. One thread, which lives as long as this object.
class ChildProcess {
 public:
  /// Starts `arguments` (the first is the program, by path). Its output and errors are one stream; its input
  /// is empty. Throws Error kNotFound (no such program), kIo.
  explicit ChildProcess(const std::vector<std::string>& arguments);
  ChildProcess(const ChildProcess&) = delete;
  /// Ends the whole group: asked to, and after a second made to.
  ~ChildProcess();

  /// Appends what it said meanwhile, waiting at most `timeout_ms` for something; false when it says no more.
  bool read(std::string& text, int timeout_ms);
  /// How it ended: an exit code, or minus the signal that killed it. Call when `read` is false.
  int wait();

 private:
  void end();

  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace tessera::qaic
