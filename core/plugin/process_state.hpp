/// State of the process that a plugin could change by merely being loaded: signal handlers, floating-point
/// mode, locale. Constructors of language runtimes do so, and a library linked with -ffast-math sets
/// flush-to-zero.
#pragma once

#include <string>
#include <vector>

namespace tessera::plugin {

/// A snapshot. The floating-point mode is the calling thread's; take and restore on one thread.
class ProcessState {
 public:
  ProcessState();
  ~ProcessState();
  ProcessState(const ProcessState&) = delete;
  ProcessState& operator=(const ProcessState&) = delete;

  /// Puts back what has changed since the snapshot and names it: "the handler of signal 13 (Broken pipe)",
  /// "the floating-point mode (MXCSR 1f80 -> 9fc0)", "the locale (C -> de_DE.UTF-8)".
  std::vector<std::string> restore();

 private:
  struct Snapshot;
  Snapshot* snapshot_;
};

}  // namespace tessera::plugin
