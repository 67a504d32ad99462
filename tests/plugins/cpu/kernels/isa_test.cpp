#include "plugins/cpu/kernels/isa.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tessera/sdk/error.hpp>

#include "plugins/cpu/kernels/kernel_table.hpp"

namespace tessera::cpu {
namespace {

using testing::HasSubstr;

TEST(Isa, DetectsTheSlowestTierEverywhereAndTheBestLast) {
  const IsaSupport support = detect();
  ASSERT_FALSE(support.available.empty());
  EXPECT_EQ(support.available.front(), Isa::kPortable);
  EXPECT_EQ(support.available.back(), support.best);
  EXPECT_THAT(support.reason, HasSubstr(std::string(isa_name(support.best))));
}

TEST(Isa, ReadsTheNamesOfAvailableTiers) {
  for (Isa isa : detect().available) {
    EXPECT_EQ(parse_isa(isa_name(isa)), isa);
    EXPECT_EQ(kernels(isa).isa, isa);
  }
}

TEST(Isa, RefusesAnUnknownNameAndListsTheKnownOnes) {
  for (const char* word : {"", "AVX2", "avx", "sse", "avx512 "}) {
    try {
      parse_isa(word);
      FAIL() << "no error for '" << word << "'";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_THAT(error.message(), HasSubstr("unknown instruction set '" + std::string(word) + "'"));
      EXPECT_THAT(error.remedy_text(), HasSubstr("portable, avx2, avx512"));
      EXPECT_THAT(error.remedy_text(), HasSubstr("this processor has portable"));
    }
  }
}

TEST(Isa, RefusesATierThatThisProcessorLacks) {
  const std::vector<Isa> available = detect().available;
  for (Isa isa : {Isa::kAvx2, Isa::kAvx512}) {
    if (std::count(available.begin(), available.end(), isa) > 0) continue;
    try {
      parse_isa(isa_name(isa));
      FAIL() << "no error for " << isa_name(isa);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
      EXPECT_THAT(error.message(), HasSubstr("it lacks"));
    }
  }
}

}  // namespace
}  // namespace tessera::cpu
