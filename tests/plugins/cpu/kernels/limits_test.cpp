#include "plugins/cpu/kernels/limits.hpp"

#include <gtest/gtest.h>

#include "plugins/cpu/kernels/kernel_table.hpp"

namespace tessera::cpu {
namespace {

TEST(Limits, AreNumbersThatAMachineCanHave) {
  const double bandwidth = measure_read_bandwidth(1);
  EXPECT_GT(bandwidth, 0.0);
  EXPECT_LT(bandwidth, 1e4);
  for (Isa isa : detect().available) {
    const double rate = measure_fma_rate(1, isa);
    EXPECT_GT(rate, 0.0) << isa_name(isa);
    EXPECT_LT(rate, 1e5) << isa_name(isa);
  }
}

}  // namespace
}  // namespace tessera::cpu
