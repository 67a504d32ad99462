#include "cli/bench/serve/load.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kClientPoll = std::chrono::milliseconds(2);  ///< of arrivals, memory and Ctrl-C

/// The standard fixes the generator, not the distributions.
double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

int64_t length_near(int64_t mean, double ratio, std::mt19937_64& random) {
  const double factor = 1 - ratio + 2 * ratio * uniform(random);
  return std::max<int64_t>(std::llround(static_cast<double>(mean) * factor), 1);
}

/// Where the engine's thread notes what happens.
class Record {
 public:
  explicit Record(size_t requests) : timelines(requests) {}

  double now() const { return std::chrono::duration<double>(Clock::now() - began).count(); }
  void end(std::exception_ptr what) {
    {
      const std::lock_guard lock(mutex);
      ++ended;
      if (what && !error) error = std::move(what);
    }
    changed.notify_one();
  }

  Clock::time_point began = Clock::now();
  std::vector<Timeline> timelines;  ///< each its request's callbacks', and the caller's once all have ended
  std::mutex mutex;
  std::condition_variable changed;
  size_t ended = 0;
  std::exception_ptr error;
};

EngineStatistics difference(EngineStatistics after, const EngineStatistics& before) {
  after.steps -= before.steps;
  after.decode_rows -= before.decode_rows;
  after.prompt_rows -= before.prompt_rows;
  after.run_s -= before.run_s;
  after.overhead_s -= before.overhead_s;
  after.preemptions -= before.preemptions;
  after.prefix_queries -= before.prefix_queries;
  after.prefix_hits -= before.prefix_hits;
  return after;
}

class Load {
 public:
  Load(AutoModelForCausalLM& model, const std::vector<LoadRequest>& requests, GenerateOptions options,
       std::stop_token cancel)
      : model_(model),
        requests_(requests),
        options_(std::move(options)),
        cancel_(std::move(cancel)),
        before_(model.engine_statistics()),
        record_(std::make_shared<Record>(requests.size())) {}

  /// Sends the next request whenever `may_send(now, requests that have ended)` says so.
  template <typename MaySend>
  LoadResult run(const MaySend& may_send) {
    record_->began = Clock::now();
    size_t ended = 0;
    while (ended < requests_.size()) {
      while (next_ < requests_.size() && may_send(next_, ended)) send(next_++);
      std::unique_lock lock(record_->mutex);
      record_->changed.wait_for(lock, kClientPoll, [&] { return record_->ended != ended; });
      ended = record_->ended;
      if (record_->error) std::rethrow_exception(record_->error);
      lock.unlock();
      if (cancel_.stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
      peak_kv_ = std::max(peak_kv_, model_.engine_statistics().kv_reserved_tokens);
    }
    return {.requests = record_->timelines,
            .seconds = record_->now(),
            .counters = difference(model_.engine_statistics(), before_),
            .peak_kv_tokens = peak_kv_};
  }

  double now() const { return record_->now(); }

 private:
  void send(size_t index) {
    Timeline& timeline = record_->timelines[index];
    timeline.prompt_tokens = static_cast<int64_t>(requests_[index].prompt.size());
    timeline.tokens.reserve(static_cast<size_t>(requests_[index].max_new_tokens));
    timeline.submitted = record_->now();
    SubmitOptions how;
    const std::shared_ptr<Record> record = record_;
    how.on_token = [record, index](int64_t) { record->timelines[index].tokens.push_back(record->now()); };
    how.on_end = [record](const GenerateResult&) { record->end(nullptr); };
    how.on_error = [record](std::exception_ptr error) { record->end(std::move(error)); };
    options_.max_new_tokens = requests_[index].max_new_tokens;
    model_.submit(Prompt(requests_[index].prompt), options_, how);
  }

  AutoModelForCausalLM& model_;
  const std::vector<LoadRequest>& requests_;
  GenerateOptions options_;
  std::stop_token cancel_;
  EngineStatistics before_;
  std::shared_ptr<Record> record_;
  size_t next_ = 0;
  int64_t peak_kv_ = 0;
};

/// Streams that decode for as long as they are needed.
class Streams {
 public:
  Streams(AutoModelForCausalLM& model, int64_t count, int64_t new_tokens, uint64_t seed,
          const GenerateOptions& options)
      : record_(std::make_shared<Record>(static_cast<size_t>(count))),
        most_(static_cast<size_t>(new_tokens)) {
    const std::vector<LoadRequest> requests =
        make_requests({.requests = count, .prompt_tokens = 16, .new_tokens = new_tokens, .seed = seed},
                      model.info().vocab_size);
    for (size_t i = 0; i < requests.size(); ++i) {
      SubmitOptions how;
      const std::shared_ptr<Record> record = record_;
      how.on_token = [record, i](int64_t) {
        const std::lock_guard lock(record->mutex);
        record->timelines[i].tokens.push_back(record->now());
        record->changed.notify_one();
      };
      GenerateOptions own = options;
      own.max_new_tokens = new_tokens;
      generations_.push_back(model.submit(Prompt(requests[i].prompt), own, how));
    }
  }
  ~Streams() {
    for (const Generation& generation : generations_) generation.cancel();
  }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  double now() const { return record_->now(); }

  /// Waits until each has so many tokens more, or all that it gets.
  void decode(size_t tokens, const std::stop_token& cancel) {
    std::unique_lock lock(record_->mutex);
    std::vector<size_t> goals;
    for (const Timeline& timeline : record_->timelines) {
      goals.push_back(std::min(timeline.tokens.size() + tokens, most_));
    }
    const auto reached = [&] {
      for (size_t i = 0; i < goals.size(); ++i) {
        if (record_->timelines[i].tokens.size() < goals[i]) return false;
      }
      return true;
    };
    while (!record_->changed.wait_for(lock, kClientPoll, reached)) {
      if (cancel.stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
    }
  }

  /// Gaps that end within [from, to].
  std::vector<double> gaps(double from, double to) {
    const std::lock_guard lock(record_->mutex);
    std::vector<double> gaps;
    for (const Timeline& timeline : record_->timelines) {
      for (size_t i = 1; i < timeline.tokens.size(); ++i) {
        if (timeline.tokens[i] < from || timeline.tokens[i] > to) continue;
        gaps.push_back(timeline.tokens[i] - timeline.tokens[i - 1]);
      }
    }
    return gaps;
  }

 private:
  std::shared_ptr<Record> record_;
  size_t most_;  ///< tokens of a stream
  std::vector<Generation> generations_;
};

/// Seconds until the first token of a prompt of arbitrary tokens.
double first_token(AutoModelForCausalLM& model, int64_t prompt_tokens, uint64_t seed,
                   GenerateOptions options) {
  const std::vector<LoadRequest> requests =
      make_requests({.prompt_tokens = prompt_tokens, .seed = seed}, model.info().vocab_size);
  options.max_new_tokens = 1;
  return model.submit(Prompt(requests.front().prompt), options).get().metrics.ttft_s;
}

}  // namespace

IntrusionResult run_intrusion(AutoModelForCausalLM& model, int64_t streams, int64_t prompt_tokens,
                              uint64_t seed, const GenerateOptions& options, const std::stop_token& cancel) {
  constexpr size_t kDecoded = 16;  // steps without a prompt on either side
  IntrusionResult result;
  // Prompts of one run on an engine that knows those of others: none may begin as another.
  seed += 1000 * static_cast<uint64_t>(streams);
  result.alone_s = first_token(model, prompt_tokens, seed, options);
  const int64_t room = model.info().max_positions - 16;
  Streams running(model, streams, room, seed + 1, options);
  running.decode(kDecoded, cancel);
  first_token(model, std::min<int64_t>(prompt_tokens, 512), seed + 2, options);
  const double began = running.now();
  running.decode(kDecoded, cancel);
  const double came = running.now();
  result.beside_s = first_token(model, prompt_tokens, seed + 3, options);
  const double taken_in = running.now();
  running.decode(kDecoded, cancel);
  result.decode_gaps_s = running.gaps(began, came);
  result.beside_gaps_s = running.gaps(came, taken_in);
  return result;
}

std::vector<LoadRequest> make_requests(const Workload& workload, int64_t vocab_size) {
  std::mt19937_64 random(workload.seed);
  const auto token = [&] { return static_cast<int64_t>(random() % static_cast<uint64_t>(vocab_size)); };
  std::vector<int64_t> shared;
  for (int64_t i = 0; i < workload.shared_prefix; ++i) shared.push_back(token());
  std::vector<LoadRequest> requests;
  for (int64_t i = 0; i < workload.requests; ++i) {
    const int64_t length = length_near(workload.prompt_tokens, workload.range_ratio, random);
    LoadRequest& request = requests.emplace_back();
    request.max_new_tokens = length_near(workload.new_tokens, workload.range_ratio, random);
    // The last token is each request's own: otherwise two of them would be one.
    const int64_t common = std::min(workload.shared_prefix, length - 1);
    request.prompt.assign(shared.begin(), shared.begin() + common);
    while (static_cast<int64_t>(request.prompt.size()) < length) request.prompt.push_back(token());
  }
  return requests;
}

std::vector<double> poisson_arrivals(int64_t requests, double rate, uint64_t seed) {
  std::mt19937_64 random(seed ^ 0x9e3779b97f4a7c15);
  std::vector<double> arrivals;
  double time = 0;
  for (int64_t i = 0; i < requests; ++i) {
    arrivals.push_back(time);
    time += -std::log1p(-uniform(random)) / rate;
  }
  return arrivals;
}

LoadResult run_closed(AutoModelForCausalLM& model, const std::vector<LoadRequest>& requests, int64_t streams,
                      const GenerateOptions& options, const std::stop_token& cancel) {
  return Load(model, requests, options, cancel).run([&](size_t next, size_t ended) {
    return next < ended + static_cast<size_t>(streams);
  });
}

LoadResult run_open(AutoModelForCausalLM& model, const std::vector<LoadRequest>& requests,
                    const std::vector<double>& arrivals, const GenerateOptions& options,
                    const std::stop_token& cancel) {
  Load load(model, requests, options, cancel);
  return load.run([&](size_t next, size_t) { return arrivals[next] <= load.now(); });
}

}  // namespace tessera::cli
