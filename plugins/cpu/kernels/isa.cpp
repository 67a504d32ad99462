#include "isa.hpp"

#include <tessera/sdk/error.hpp>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cstdint>
#include <cstring>

namespace tessera::cpu {
namespace {

constexpr Isa kTiers[] = {Isa::kPortable, Isa::kAvx2, Isa::kAvx512};

std::string names_of(const std::vector<Isa>& tiers) {
  std::string text;
  for (Isa isa : tiers) text += (text.empty() ? "" : ", ") + std::string(isa_name(isa));
  return text;
}

#if defined(__x86_64__)

struct Registers {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

bool bit(uint32_t word, int index) {
  return ((word >> index) & 1u) != 0;
}

// The register state that the operating system saves (XCR0). Without it the instructions trap, whatever CPUID
// says.
uint64_t saved_state() {
  if (!bit(cpuid(1).c, 27)) return 0;  // OSXSAVE
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
}

// Empty when the tier can run, else what is missing.
std::string missing_for_avx2() {
  const Registers one = cpuid(1), seven = cpuid(7);
  if (!bit(one.c, 28) || !bit(seven.b, 5)) return "AVX2";
  if (!bit(one.c, 12)) return "FMA";
  if (!bit(one.c, 29)) return "F16C";
  if ((saved_state() & 0x6) != 0x6) return "the operating system's support of AVX registers";
  return "";
}

std::string missing_for_avx512() {
  std::string missing = missing_for_avx2();
  if (!missing.empty()) return missing;
  const Registers seven = cpuid(7);
  if (!bit(seven.b, 16)) return "AVX-512 F";
  if (!bit(seven.b, 17)) return "AVX-512 DQ";
  if (!bit(seven.b, 30)) return "AVX-512 BW";
  if (!bit(seven.b, 31)) return "AVX-512 VL";
  if ((saved_state() & 0xe6) != 0xe6) return "the operating system's support of AVX-512 registers";
  return "";
}

std::string processor_name() {
  if (cpuid(0x80000000u).a < 0x80000004u) return "unknown processor";
  char text[49] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    const Registers r = cpuid(0x80000002u + i);
    const uint32_t words[4] = {r.a, r.b, r.c, r.d};
    std::memcpy(text + 16 * i, words, 16);
  }
  const std::string_view name(text);
  const size_t first = name.find_first_not_of(' ');
  if (first == std::string_view::npos) return "unknown processor";
  return std::string(name.substr(first, name.find_last_not_of(' ') - first + 1));
}

#else

std::string missing_for_avx2() {
  return "the x86-64 architecture";
}
std::string missing_for_avx512() {
  return "the x86-64 architecture";
}
std::string processor_name() {
  return "unknown processor";
}

#endif

}  // namespace

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return "portable";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
  }
  return "unknown";
}

IsaSupport detect() {
  IsaSupport support{Isa::kPortable, {Isa::kPortable}, processor_name(), ""};
  const std::string no_avx2 = missing_for_avx2(), no_avx512 = missing_for_avx512();
  if (no_avx2.empty()) support.available.push_back(Isa::kAvx2);
  if (no_avx512.empty()) support.available.push_back(Isa::kAvx512);
  support.best = support.available.back();
  support.reason = std::string(isa_name(support.best)) + " is the fastest tier that this processor can run";
  if (!no_avx512.empty()) support.reason += "; avx512 lacks " + no_avx512;
  if (!no_avx2.empty()) support.reason += "; avx2 lacks " + no_avx2;
  return support;
}

Isa parse_isa(std::string_view text) {
  const IsaSupport support = detect();
  const std::string here = "this processor has " + names_of(support.available);
  for (Isa isa : kTiers) {
    if (text != isa_name(isa)) continue;
    for (Isa have : support.available) {
      if (have == isa) return isa;
    }
    const std::string missing = isa == Isa::kAvx2 ? missing_for_avx2() : missing_for_avx512();
    throw Error(ErrorCode::kNotSupported,
                "instruction set '" + std::string(text) + "' cannot run here: it lacks " + missing)
        .remedy("leave the choice to detection or name another tier; " + here);
  }
  throw Error(ErrorCode::kInvalidArgument, "unknown instruction set '" + std::string(text) + "'")
      .remedy("the tiers are " + names_of({Isa::kPortable, Isa::kAvx2, Isa::kAvx512}) + "; " + here);
}

}  // namespace tessera::cpu
