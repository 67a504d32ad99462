#include "machine_limits.hpp"

#include <algorithm>

#include "plugins/cpu/kernels/isa.hpp"
#include "plugins/cpu/kernels/limits.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/status.hpp"

namespace tessera::cpu {
namespace {

constexpr double kGiga = 1e9;

int threads_or_budget(const tsr_host* host, int32_t threads) {
  const int budget = sdk::Host(host).thread_budget();
  return threads > 0 ? std::min(threads, budget) : budget;
}

tsr_status* read_bandwidth(const tsr_host* host, int32_t threads, double* bytes_per_s) {
  return sdk::guard(host,
                    [&] { *bytes_per_s = kGiga * measure_read_bandwidth(threads_or_budget(host, threads)); });
}

tsr_status* fma_rate(const tsr_host* host, int32_t threads, tsr_str isa, double* flop_per_s) {
  return sdk::guard(host, [&] {
    const Isa tier = isa.len > 0 ? parse_isa(sdk::view(isa)) : detect().best;
    *flop_per_s = kGiga * measure_fma_rate(threads_or_budget(host, threads), tier);
  });
}

}  // namespace

const tsr_machine_limits_v1* machine_limits() {
  static const tsr_machine_limits_v1 limits = {sizeof(tsr_machine_limits_v1), 0, &read_bandwidth, &fma_rate};
  return &limits;
}

}  // namespace tessera::cpu
