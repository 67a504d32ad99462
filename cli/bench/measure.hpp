/// What `tessera bench` measures, in the manner of llama-bench: prompt processing (ppN) and generation (tgN).
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "tessera/model.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {

struct BenchPlan {
  std::string model;  ///< folder or id
  std::string label;
  std::vector<int64_t> prompts, generations, threads;
  int64_t repetitions;
  std::string forced_text;  ///< what is to be said; empty: no such test
  LoadOptions load;
  CompileOptions compile;
  std::stop_token cancel;
};

/// One row of the table: a test at a thread count.
struct BenchRow {
  std::string test;  ///< "pp512", "tg64"
  int64_t threads;
  std::vector<double> tokens_per_s;  ///< one per repetition
  double median, spread;             ///< tokens/s; spread = (largest - smallest) / 2
  double limit_fraction;  ///< of the FMA rate (pp) or of the read bandwidth (tg), measured in this run
};

struct BenchReport {
  std::string label, backend, isa, processor;
  uint64_t parameters, weight_bytes;
  double load_s;            ///< from_pretrained + compile, page cache as it was
  uint64_t peak_rss_bytes;  ///< of load and all measurements
  double memory_ratio;      ///< peak RSS / (weights + KV cache)
  struct Limits {
    int64_t threads;
    MachineLimits limits;
  };
  std::vector<Limits> limits;
  std::vector<BenchRow> rows;
};

/// Throws Error; kCancelled when interrupted.
BenchReport measure(const BenchPlan& plan);

}  // namespace tessera::cli
