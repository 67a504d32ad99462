/// The floating-point mode in which kernels run.
#pragma once

#include <cstdint>

namespace tessera::cpu {

/// While it lives, the calling thread flushes subnormal results to zero, reads subnormal operands as zero,
/// rounds to nearest and traps nothing; its destructor restores what was before. Kernels' bits are promised
/// in this mode, and subnormal operands would cost a microcode trap each. On processors other than x86-64 it
/// does nothing.
class FloatEnvironment {
 public:
  FloatEnvironment();
  ~FloatEnvironment();
  FloatEnvironment(const FloatEnvironment&) = delete;
  FloatEnvironment& operator=(const FloatEnvironment&) = delete;

 private:
  uint32_t saved_ = 0;
};

}  // namespace tessera::cpu
