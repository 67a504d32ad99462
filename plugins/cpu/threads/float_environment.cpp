#include "float_environment.hpp"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tessera::cpu {

#if defined(__x86_64__)
namespace {
constexpr uint32_t kAllMasked = 0x1f80, kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
}

FloatEnvironment::FloatEnvironment() : saved_(_mm_getcsr()) {
  _mm_setcsr(kAllMasked | kFlushToZero | kDenormalsAreZero);
}
FloatEnvironment::~FloatEnvironment() {
  _mm_setcsr(saved_);
}
#else
FloatEnvironment::FloatEnvironment() = default;
FloatEnvironment::~FloatEnvironment() = default;
#endif

}  // namespace tessera::cpu
