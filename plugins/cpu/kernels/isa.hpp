/// Instruction-set tiers of the CPU kernels: which exist, which this processor has, and why one is chosen.
///
/// A tier is one numeric recipe. `avx512`, `avx2` and `portable` share theirs: they give equal bits for every
/// kernel of this folder (a NaN is a NaN; its payload is not promised).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tessera::cpu {

enum class Isa {
  kPortable,  ///< what the compiler targets by default; runs everywhere
  kAvx2,      ///< AVX2, FMA, F16C
  kAvx512,    ///< AVX-512 F, BW, DQ, VL on top of AVX2
};

/// "portable", "avx2" or "avx512": the words of `--isa` and `TESSERA_ISA`.
std::string_view isa_name(Isa isa);

/// What this processor and this operating system offer. Any thread; costs microseconds.
struct IsaSupport {
  Isa best;                    ///< the fastest tier that can run here
  std::vector<Isa> available;  ///< all that can run here, slowest first; `portable` always
  std::string processor;       ///< the brand text of the processor, or "unknown processor"
  std::string reason;  ///< one sentence for `tessera doctor`: why `best`, and what a faster tier lacks
};
IsaSupport detect();

/// The tier of a name given by the user. Throws Error (kInvalidArgument) for a word that is no tier and
/// Error (kNotSupported) for a tier this processor lacks; both list the names and what this processor has.
Isa parse_isa(std::string_view text);

}  // namespace tessera::cpu
