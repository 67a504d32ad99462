/// How fast the scheduler is: simulated steps per second of processor time, and what the workload would feel.
///   scheduler-bench [SEQUENCES [WORKLOAD.jsonl]]   (form of the file: runtime/engine/workload.hpp)
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

#include "runtime/engine/simulator.hpp"
#include "tessera/sdk/error.hpp"

namespace {

using namespace tessera::engine;  // NOLINT(google-build-using-namespace): a program of one file

double quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

int run(int argc, char** argv) {
  int64_t sequences = 64;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), sequences);
  std::vector<WorkloadRequest> workload;
  if (argc > 2) {
    std::stringstream text;
    text << std::ifstream(argv[2]).rdbuf();
    workload = parse_workload(text.str());
  } else {
    workload = make_workload({.requests = 200000, .most_prompt = 512, .most_new = 512, .tenants = 8});
  }
  SimulatorOptions options;
  options.capabilities = {.slots = static_cast<uint32_t>(sequences), .ctx_len = 4096, .max_rows = 512};
  options.keep_events = argc > 2;
  options.scheduler = {.max_num_seqs = sequences, .max_queue = INT64_MAX};
  for (const char* policy : {"fcfs", "priority", "fair"}) {
    options.scheduler.policy = policy;
    const std::clock_t start = std::clock();
    SimulationReport report = simulate(options, workload);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    const auto steps = static_cast<double>(report.steps);
    fmt::print(
        "{:8} {} steps in {:.2f} s: {:.0f} steps/s at {:.1f} rows a step; {} tokens in {:.1f} simulated s",
        policy, report.steps, seconds, steps / seconds, static_cast<double>(report.rows) / steps,
        report.emitted, report.seconds);
    if (!report.gaps_s.empty()) {
      fmt::print(", between tokens p50 {:.3f} p90 {:.3f} p99 {:.3f} s", quantile(report.gaps_s, 0.5),
                 quantile(report.gaps_s, 0.9), quantile(report.gaps_s, 0.99));
    }
    fmt::print("\n");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const tessera::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
