#include "cli/bench/measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>

#include "cli/bench/forced_text.hpp"
#include "cli/bench/processor.hpp"
#include "cli/progress.hpp"

namespace tessera::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void reset_peak_rss() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

uint64_t peak_rss_bytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("VmHWM:")) continue;
    const size_t digit = line.find_first_of("0123456789");
    uint64_t kib = 0;
    std::from_chars(line.data() + digit, line.data() + line.size(), kib);
    return kib * 1024;
  }
  return 0;
}

/// Floating-point operations of a prompt: two per weight and token, the head for the last token alone, and
/// the causal half of the attention's two products.
double prompt_flops(const ModelInfo& info, int64_t tokens) {
  const double t = static_cast<double>(tokens);
  const double linear =
      2.0 * static_cast<double>(info.layer_parameters) * t + 2.0 * static_cast<double>(info.head_parameters);
  const double attention = 2.0 * t * (t + 1) * static_cast<double>(info.attention_width * info.layers);
  return linear + attention;
}

/// Bytes that generating `tokens` tokens after an empty prompt must read: all weights each time, and the
/// cache so far.
double decode_bytes(const ModelInfo& info, int64_t tokens) {
  const double n = static_cast<double>(tokens);
  return n * static_cast<double>(info.step_weight_bytes) +
         n * (n - 1) / 2 * static_cast<double>(info.kv_bytes_per_token);
}

class Measurement {
 public:
  explicit Measurement(const BenchPlan& plan) : plan_(plan) {}

  BenchReport run() {
    report_.label = plan_.label;
    report_.processor = processor_name();
    for (const int64_t threads : plan_.threads) measure_threads(threads);
    return std::move(report_);
  }

 private:
  void measure_threads(int64_t threads) {
    CompileOptions compile = plan_.compile;
    compile.num_threads = threads;
    const MachineLimits limits = measure_limits(compile.backend, threads, compile.isa);
    report_.limits.push_back({threads, limits});
    reset_peak_rss();
    const Clock::time_point start = Clock::now();
    AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(plan_.model, plan_.load);
    model.compile(compile);
    if (report_.load_s == 0) report_.load_s = seconds_since(start);
    const ModelInfo& info = model.info();
    report_.backend = model.compile_info().backend;
    report_.isa = model.compile_info().isa;
    report_.parameters = info.parameters;
    report_.weight_bytes = info.weight_bytes;
    for (const int64_t tokens : plan_.prompts) {
      if (tokens == 0) continue;
      const auto once = [&] { return model.time_steps(tokens, 0, plan_.cancel).prompt_s; };
      const double rate =
          1e9 * limits.fma_gflop_per_s / prompt_flops(info, tokens);  // prompts/s at the limit
      add_row(fmt::format("pp{}", tokens), threads, tokens, rate, once);
    }
    for (const int64_t tokens : plan_.generations) {
      if (tokens == 0) continue;
      const auto once = [&] { return model.time_steps(0, tokens, plan_.cancel).decode_s; };
      const double rate = 1e9 * limits.read_gb_per_s / decode_bytes(info, tokens);
      add_row(fmt::format("tg{}", tokens), threads, tokens, rate, once);
    }
    if (!plan_.forced_text.empty()) measure_text(model, threads, limits);
    // The longest sequence of all tests is what the cache was reserved for.
    int64_t longest = text_tokens_;
    for (const int64_t tokens : plan_.prompts) longest = std::max(longest, tokens);
    for (const int64_t tokens : plan_.generations) longest = std::max(longest, tokens);
    report_.peak_rss_bytes = std::max(report_.peak_rss_bytes, peak_rss_bytes());
    report_.memory_ratio =
        static_cast<double>(report_.peak_rss_bytes) /
        static_cast<double>(info.weight_bytes +
                            info.kv_bytes_per_token * static_cast<uint64_t>(info.kv_tokens(longest)));
  }

  /// The same text without and with prompt lookup, in turn, so that both meet the same machine.
  void measure_text(AutoModelForCausalLM& model, int64_t threads, const MachineLimits& limits) {
    const ForcedText text = forced_text(model, plan_.forced_text);
    text_tokens_ = static_cast<int64_t>(text.prompt.size() + text.tokens.size());
    const auto tokens = static_cast<int64_t>(text.tokens.size()) - 1;  // timed from the first on
    std::vector<BenchRow> rows;
    for (const char* speculation : {"off", "prompt-lookup"}) {
      rows.push_back({});
      rows.back().test = fmt::format("text{} {}", tokens, speculation);
    }
    const auto once = [&](bool lookup) {
      model.set_engine({.max_num_seqs = 1, .speculation = lookup ? "prompt-lookup" : "off"});
      return static_cast<double>(tokens) / model.time_text(text.prompt, text.tokens, plan_.cancel);
    };
    once(true);
    for (int64_t i = 0; i < plan_.repetitions; ++i) {
      ProgressLine::show(fmt::format("bench a text with {} threads", threads), static_cast<uint64_t>(i),
                         static_cast<uint64_t>(plan_.repetitions));
      for (const bool lookup : {false, true}) rows[lookup ? 1 : 0].tokens_per_s.push_back(once(lookup));
    }
    const double rate = 1e9 * limits.read_gb_per_s / decode_bytes(model.info(), tokens);
    for (BenchRow& row : rows) add_row(std::move(row), threads, tokens, rate);
  }

  template <typename Once>
  void add_row(std::string test, int64_t threads, int64_t tokens, double runs_per_s_at_limit,
               const Once& once) {
    BenchRow row{};
    row.test = std::move(test);
    once();  // warms caches, page tables and the clock
    for (int64_t i = 0; i < plan_.repetitions; ++i) {
      ProgressLine::show(fmt::format("bench {} with {} threads", row.test, threads), static_cast<uint64_t>(i),
                         static_cast<uint64_t>(plan_.repetitions));
      row.tokens_per_s.push_back(static_cast<double>(tokens) / once());
    }
    add_row(std::move(row), threads, tokens, runs_per_s_at_limit);
  }

  void add_row(BenchRow row, int64_t threads, int64_t tokens, double runs_per_s_at_limit) {
    row.threads = threads;
    std::vector<double> sorted = row.tokens_per_s;
    std::sort(sorted.begin(), sorted.end());
    const size_t half = sorted.size() / 2;
    row.median = sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    row.spread = (sorted.back() - sorted.front()) / 2;
    row.limit_fraction = row.median / static_cast<double>(tokens) / runs_per_s_at_limit;
    report_.rows.push_back(std::move(row));
  }

  const BenchPlan& plan_;
  BenchReport report_{};
  int64_t text_tokens_ = 0;  ///< of the forced text, prompt and all
};

}  // namespace

BenchReport measure(const BenchPlan& plan) {
  return Measurement(plan).run();
}

}  // namespace tessera::cli
