// Fractions of the machine's limits that the kernels reach: kernel-bench [what] [threads] [type] [isa]
//   what     prefill, decode, attention, small or all (default)
//   threads  0 (default): one, then as many as this process may run
//   type     of the weights: f32, f16, bf16 or all (default)
//   isa      a tier; default the best
// Limits are measured between the kernels, in the same run, and the best of several rounds counts on both
// sides: on a machine that does other work, too, a single ratio says little.
#include <fmt/core.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <tessera/sdk/error.hpp>
#include <vector>

#include "core/host/thread_budget.hpp"
#include "plugins/cpu/kernels/attention.hpp"
#include "plugins/cpu/kernels/limits.hpp"
#include "plugins/cpu/kernels/linear.hpp"

namespace tessera::cpu {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 5;
constexpr int64_t kArenaBytes = int64_t{1200} << 20;  // more than the last cache of any machine that we know

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Memory for weights and activations, filled with small numbers.
struct Arena {
  float* data;
  Arena() {
    void* memory = mmap(nullptr, kArenaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      throw Error(ErrorCode::kOutOfMemory, "no memory for the weights of the benchmark");
    madvise(memory, kArenaBytes, MADV_HUGEPAGE);
    data = static_cast<float*>(memory);
    for (int64_t i = 0; i < kArenaBytes / 4; ++i) data[i] = static_cast<float>(i % 251 - 125) * 0x1p-10f;
  }
  ~Arena() { munmap(data, kArenaBytes); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
};

struct Bench {
  const KernelTable& table;
  ThreadPool& pool;
  Arena& arena;
  std::vector<float> x, packed_x, y;

  /// Seconds a call of `rows` rows, over weights that come from memory one after the other.
  double linear_seconds(PackedLinear shape, int64_t rows, int calls) {
    x.resize(static_cast<size_t>(rows * shape.in), 0.01f);
    packed_x.resize(static_cast<size_t>(rows * shape.in) + 16);
    y.resize(static_cast<size_t>(rows * shape.out));
    const int64_t weights = kArenaBytes / packed_bytes(shape);
    LinearCall call = {shape, nullptr, nullptr, rows, x.data(), shape.in, y.data(), shape.out};
    const auto aligned = (reinterpret_cast<uintptr_t>(packed_x.data()) + 63) / 64 * 64;
    const Clock::time_point start = Clock::now();
    pool.run([&](Team& team) {
      LinearCall mine = call;
      for (int i = 0; i < calls; ++i) {
        mine.packed = reinterpret_cast<const char*>(arena.data) + i % weights * packed_bytes(shape);
        linear(team, table, mine, reinterpret_cast<float*>(aligned));
      }
    });
    return seconds_since(start) / calls;
  }
};

const char* type_name(WeightType type) {
  return type == WeightType::kF32 ? "f32" : type == WeightType::kF16 ? "f16" : "bf16";
}

void prefill(Bench& bench, WeightType type) {
  constexpr int64_t kRows = 512;
  for (PackedLinear shape : {PackedLinear{1024, 1024, type},
                             {1024, 1536, type},
                             {1024, 5120, type},
                             {1024, 10240, type},
                             {5120, 1024, type},
                             {5120, 5120, type}}) {
    const double flops = 2.0 * kRows * static_cast<double>(shape.in * shape.out);
    double rate = 0.0, limit = 0.0;
    for (int round = 0; round < kRounds; ++round) {
      limit = std::max(limit, measure_fma_rate(bench.pool.size(), bench.table.isa));
      const int calls = std::max(1, static_cast<int>(4e10 / flops));
      rate = std::max(rate, 1e-9 * flops / bench.linear_seconds(shape, kRows, calls));
    }
    fmt::print("prefill  {:4}  {:5} x {:5}  512 rows  {:7.1f} GFLOP/s  {:5.3f} of {:.1f}\n", type_name(type),
               shape.in, shape.out, rate, rate / limit, limit);
  }
}

void decode(Bench& bench, WeightType type) {
  for (PackedLinear shape :
       {PackedLinear{1024, 1024, type}, {1024, 10240, type}, {5120, 1024, type}, {1024, 32000, type}}) {
    double limit = 0.0;
    constexpr int64_t kRows[] = {1, 4, 8, 16, 24, 32};
    double best[std::size(kRows)] = {};
    for (int round = 0; round < kRounds; ++round) {
      if (round % 2 == 0) limit = std::max(limit, measure_read_bandwidth(bench.pool.size()));
      for (size_t i = 0; i < std::size(kRows); ++i) {
        const int calls = std::max<int>(1, static_cast<int>(kArenaBytes / packed_bytes(shape)));
        const double seconds = bench.linear_seconds(shape, kRows[i], calls);
        best[i] = std::max(best[i], 1e-9 * static_cast<double>(packed_bytes(shape)) / seconds);
      }
    }
    fmt::print("decode   {:4}  {:5} x {:5}", type_name(type), shape.in, shape.out);
    for (size_t i = 0; i < std::size(kRows); ++i)
      fmt::print("  {} rows {:5.2f} GB/s {:5.3f}", kRows[i], best[i], best[i] / limit);
    fmt::print("  of {:.2f}\n", limit);
  }
}

/// Causal attention of `rows` rows that follow `past` tokens, 16 query heads on 4 heads of 64 (llama-0.5b).
double attention_seconds(Bench& bench, int64_t past, int64_t rows, int64_t slots) {
  const AttentionShape shape = {{4, 64}, 16, 0.125f, 0};
  const int64_t width = 1024, blocks = (past + rows + kBlockTokens - 1) / kBlockTokens;
  bench.x.assign(static_cast<size_t>(slots * rows * width), 0.25f);
  bench.y.resize(bench.x.size());
  std::vector<std::vector<const float*>> tables;
  std::vector<AttentionRows> items;
  for (int64_t slot = 0; slot < slots; ++slot) {
    std::vector<const float*> blocks_of_slot;
    for (int64_t b = 0; b < blocks; ++b) {
      blocks_of_slot.push_back(bench.arena.data + (slot * blocks + b) * kv_block_floats(shape.kv));
    }
    tables.push_back(blocks_of_slot);
  }
  for (int64_t slot = 0; slot < slots; ++slot) {
    items.push_back({tables[static_cast<size_t>(slot)].data(), past, rows,
                     bench.x.data() + slot * rows * width, width, bench.y.data() + slot * rows * width,
                     width});
  }
  std::vector<AttentionTask> tasks;
  plan_attention(shape, items.data(), slots, tasks);
  const Clock::time_point start = Clock::now();
  bench.pool.run([&](Team& team) {
    std::vector<float> scratch(static_cast<size_t>(attention_scratch_floats(shape)) + 16);
    const auto aligned = (reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64;
    team.for_each_dynamic(static_cast<int64_t>(tasks.size()), [&](int64_t i, int64_t) {
      const AttentionTask& task = tasks[static_cast<size_t>(i)];
      bench.table.attend(shape, items[static_cast<size_t>(task.item)], task.kv_head, task.row_begin,
                         task.row_end, reinterpret_cast<float*>(aligned));
    });
  });
  return seconds_since(start);
}

void attention(Bench& bench) {
  struct Case {
    int64_t past, rows, slots;
  };
  for (Case c : {Case{0, 512, 1}, {1536, 512, 1}, {2047, 1, 64}, {255, 1, 64}}) {
    const double pairs = static_cast<double>(c.slots * c.rows) *
                         (static_cast<double>(c.past) + 0.5 * (1.0 + static_cast<double>(c.rows)));
    const double flops = 4.0 * 64 * 16 * pairs;
    const double bytes = static_cast<double>(c.slots * (c.past + c.rows)) * 4 * 128 * 4;
    double seconds = 1e9, fma_limit = 0.0, read_limit = 0.0;
    for (int round = 0; round < kRounds; ++round) {
      fma_limit = std::max(fma_limit, measure_fma_rate(bench.pool.size(), bench.table.isa));
      if (round % 3 == 0) read_limit = std::max(read_limit, measure_read_bandwidth(bench.pool.size()));
      for (int i = 0; i < 3; ++i)
        seconds = std::min(seconds, attention_seconds(bench, c.past, c.rows, c.slots));
    }
    fmt::print(
        "attention f32  {} slots, {} rows after {}  {:8.3f} ms  {:5.3f} of the FMA rate  {:5.3f} of the "
        "bandwidth\n",
        c.slots, c.rows, c.past, 1e3 * seconds, 1e-9 * flops / seconds / fma_limit,
        1e-9 * bytes / seconds / read_limit);
  }
}

void small(Bench& bench) {
  constexpr int64_t kRows = 512, kWidth = 5120;
  bench.x.assign(static_cast<size_t>(2 * kRows * kWidth), 0.3f);
  bench.y.assign(bench.x.size(), 0.1f);
  const auto time = [&](const char* name, int64_t elements, auto&& run) {
    double seconds = 1e9;
    for (int i = 0; i < 20; ++i) {
      const Clock::time_point start = Clock::now();
      run();
      seconds = std::min(seconds, seconds_since(start));
    }
    fmt::print("small    {:9}  {:6.3f} ns an element, one thread\n", name,
               1e9 * seconds / static_cast<double>(elements));
  };
  const KernelTable& t = bench.table;
  float *x = bench.x.data(), *y = bench.y.data();
  const int64_t n = kRows * kWidth;
  time("rms_norm", kRows * 1024, [&] { t.rms_norm(kRows, 1024, x, 1024, y, 1e-5f, x + n, 1024); });
  time("silu_mul", n, [&] { t.silu_mul(kRows, kWidth, x, 2 * kWidth, x + kWidth, 2 * kWidth, y, kWidth); });
  time("gelu_erf", n, [&] { t.gelu_erf(n, x, y); });
  time("gelu_tanh", n, [&] { t.gelu_tanh(n, x, y); });
  time("add", n, [&] { t.add(n, x, x + n, y); });
  time("exp", 4096, [&] { t.exp(4096, x, y); });
}

int run(const std::string& what, int threads, const std::string& types, const std::string& isa_text) {
  const Isa isa = isa_text.empty() ? detect().best : parse_isa(isa_text);
  const int most = thread_budget();
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  fmt::print("{}, {} threads at most, tier {}\n", detect().processor, most, isa_name(isa));
  Arena arena;
  for (int count : threads > 0 ? std::vector<int>{threads} : std::vector<int>{1, most}) {
    fmt::print("{} thread{}\n", count, count == 1 ? "" : "s");
    ThreadPool pool(count);
    Bench bench{kernels(isa), pool, arena, {}, {}, {}};
    const bool all = what == "all";
    for (WeightType type : {WeightType::kF32, WeightType::kF16, WeightType::kBF16}) {
      if (types != "all" && types != type_name(type)) continue;
      if (all || what == "prefill") prefill(bench, type);
      if (all || what == "decode") decode(bench, type);
    }
    if (all || what == "attention") attention(bench);
    if (all || what == "small") small(bench);
  }
  return 0;
}

}  // namespace
}  // namespace tessera::cpu

int main(int argc, char** argv) {
  try {
    const auto argument = [&](int i, const char* otherwise) { return argc > i ? argv[i] : otherwise; };
    return tessera::cpu::run(argument(1, "all"), std::atoi(argument(2, "0")), argument(3, "all"),
                             argument(4, ""));
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
