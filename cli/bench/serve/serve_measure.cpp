#include "cli/bench/serve/serve_measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/bench/processor.hpp"
#include "cli/model_options.hpp"
#include "cli/progress.hpp"

namespace tessera::cli {
namespace {

class ServeMeasurement {
 public:
  explicit ServeMeasurement(const ServePlan& plan) : plan_(plan) {}

  ServeReport run() {
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
    AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(plan_.model, plan_.load);
    model.compile(compile);
    report_.backend = model.compile_info().backend;
    report_.isa = model.compile_info().isa;
    report_.kv_bytes_per_token = model.info().kv_bytes_per_token;
    options_.ignore_eos = true;
    options_.sampling = sampling_params(plan_.config, model);
    EngineSettings settings = engine_settings(plan_.config);
    for (const int64_t streams : plan_.streams)
      settings.max_num_seqs = std::max(settings.max_num_seqs, streams + 1);
    model.set_engine(settings);
    for (const int64_t prompt : plan_.prompts) {
      for (const int64_t generation : plan_.generations) {
        for (const int64_t streams : plan_.streams) {
          add_load(model, threads, prompt, generation, streams, 0);
          report_.rows.back().bound_tps = decode_bound(model.info(), limits, streams);
        }
        for (const double rate : plan_.rates) add_load(model, threads, prompt, generation, 0, rate);
      }
    }
    if (plan_.long_prompt == 0) return;
    for (const int64_t streams : plan_.streams) add_intrusion(model, threads, streams);
  }

  void add_load(AutoModelForCausalLM& model, int64_t threads, int64_t prompt, int64_t generation,
                int64_t streams, double rate) {
    ProgressLine::show("bench --serve", report_.rows.size(), 0);
    Workload workload{.requests = plan_.requests > 0 ? plan_.requests
                                  : streams > 0      ? 2 * streams
                                                     : 32,
                      .prompt_tokens = prompt,
                      .new_tokens = generation,
                      .range_ratio = plan_.range_ratio,
                      .shared_prefix = plan_.shared_prefix,
                      .seed = plan_.seed};
    warm_up(model, workload, std::max<int64_t>(streams, 1));
    const std::vector<LoadRequest> requests = make_requests(workload, model.info().vocab_size);
    const LoadResult load =
        streams > 0 ? run_closed(model, requests, streams, options_, plan_.cancel)
                    : run_open(model, requests, poisson_arrivals(workload.requests, rate, plan_.seed),
                               options_, plan_.cancel);
    report_.rows.push_back(row_of(load, workload, threads, streams, rate));
  }

  /// Other requests first, so that pages are there, buffers have their size and the engine has measured.
  void warm_up(AutoModelForCausalLM& model, Workload workload, int64_t streams) {
    workload.requests = streams;
    workload.prompt_tokens = std::min<int64_t>(workload.prompt_tokens, 64);
    workload.new_tokens = std::min<int64_t>(workload.new_tokens, 8);
    workload.shared_prefix = 0;
    workload.seed += 1;
    run_closed(model, make_requests(workload, model.info().vocab_size), streams, options_, plan_.cancel);
  }

  ServeRow row_of(const LoadResult& load, const Workload& workload, int64_t threads, int64_t streams,
                  double rate) const {
    ServeRow row{};
    row.threads = threads;
    row.streams = streams;
    row.rate = rate;
    row.prompt_tokens = workload.prompt_tokens;
    row.new_tokens = workload.new_tokens;
    row.requests = workload.requests;
    row.seconds = load.seconds;
    row.first_token_s = percentiles(first_token_times(load.requests));
    row.inter_token_s = percentiles(inter_token_times(load.requests));
    size_t out = 0;
    int64_t in = 0;
    for (const Timeline& request : load.requests) {
      out += request.tokens.size();
      in += request.prompt_tokens;
    }
    row.output_tps = static_cast<double>(out) / load.seconds;
    row.prompt_tps = static_cast<double>(in) / load.seconds;
    if (streams > 0) row.decode_tps = decode_rate(load.requests, streams);
    row.goodput = static_cast<double>(good_requests(load.requests, plan_.goal)) / load.seconds;
    const EngineStatistics& c = load.counters;
    row.occupancy = static_cast<double>(c.decode_rows) / static_cast<double>(std::max<uint64_t>(c.steps, 1));
    row.overhead = c.overhead_s / std::max(c.run_s + c.overhead_s, 1e-9);
    row.kv_tokens = load.peak_kv_tokens;
    row.cached_tokens = c.prefix_hits;
    row.preemptions = c.preemptions;
    return row;
  }

  void add_intrusion(AutoModelForCausalLM& model, int64_t threads, int64_t streams) {
    const IntrusionResult result =
        run_intrusion(model, streams, plan_.long_prompt, plan_.seed + 7, options_, plan_.cancel);
    const auto tokens = static_cast<double>(plan_.long_prompt);
    report_.intrusions.push_back({.threads = threads,
                                  .streams = streams,
                                  .prompt_tokens = plan_.long_prompt,
                                  .alone_tps = tokens / result.alone_s,
                                  .beside_tps = tokens / result.beside_s,
                                  .decode_s = percentiles(result.decode_gaps_s).p50,
                                  .beside_inter_token_s = percentiles(result.beside_gaps_s)});
  }

  const ServePlan& plan_;
  GenerateOptions options_;
  ServeReport report_;
};

}  // namespace

double decode_bound(const ModelInfo& info, const MachineLimits& limits, int64_t streams) {
  const double steps = 1e9 * limits.read_gb_per_s / static_cast<double>(info.step_weight_bytes);
  const double operations = 2.0 * static_cast<double>(info.layer_parameters + info.head_parameters);
  return std::min(steps * static_cast<double>(streams), 1e9 * limits.fma_gflop_per_s / operations);
}

ServeReport measure_serving(const ServePlan& plan) {
  return ServeMeasurement(plan).run();
}

}  // namespace tessera::cli
