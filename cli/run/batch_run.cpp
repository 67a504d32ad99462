#include "cli/run/batch_run.hpp"

#include <fmt/format.h>

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "cli/interrupt.hpp"
#include "cli/json.hpp"
#include "cli/progress.hpp"
#include "cli/run/request_reader.hpp"
#include "cli/run/run_progress.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr size_t kMostInFlight = 256;  ///< keeps every slot busy, and the engine's queue short
constexpr auto kPoll = std::chrono::milliseconds(100);  ///< for Ctrl-C and progress

/// A request that has ended: with a result, or with an error.
struct Ended {
  size_t index;
  std::exception_ptr error;
  GenerateResult result;
};

/// From the engine's thread to the run's. Outlives both.
class Endings {
 public:
  void push(Ended ended) {
    {
      const std::lock_guard lock(mutex_);
      ended_.push_back(std::move(ended));
    }
    ready_.notify_one();
  }
  std::optional<Ended> pop(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    if (!ready_.wait_for(lock, wait, [&] { return !ended_.empty(); })) return std::nullopt;
    Ended ended = std::move(ended_.front());
    ended_.pop_front();
    return ended;
  }

  std::atomic<uint64_t> tokens = 0;

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Ended> ended_;
};

std::string text_of(const Error& error) {
  std::string text = error.message();
  if (!error.file_name().empty()) text = fmt::format("{}: {}", error.file_name(), text);
  if (!error.key_name().empty()) text += fmt::format(" (key '{}')", error.key_name());
  for (const std::string& context : error.context()) text += fmt::format("; while {}", context);
  if (!error.remedy_text().empty()) text += fmt::format("; {}", error.remedy_text());
  return text;
}

std::string text_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return text_of(error);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an error of an unknown kind";
  }
}

/// Of one request; after others the engine is broken, and the run cannot go on.
bool is_of_the_request(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotSupported:
    case ErrorCode::kNotFound:
    case ErrorCode::kCorruptData:
      return true;
    default:
      return false;
  }
}

json::object line_of(size_t index, json::value id, const GenerateResult& result) {
  const json::value whole = cli::to_json(result);
  json::object line{{"index", index},
                    {"id", std::move(id)},
                    {"tokens", whole.at("tokens")},
                    {"text", result.text},
                    {"finish_reason", to_string(result.finish_reason)},
                    {"error", nullptr}};
  json::object metrics{{"prompt_tokens", result.prompt_tokens.size()}};
  for (const auto& metric : whole.at("metrics").as_object()) metrics[metric.key()] = metric.value();
  line["metrics"] = std::move(metrics);
  for (const char* name : {"seed", "logprobs"}) {
    if (const json::value* value = whole.as_object().if_contains(name)) line[name] = *value;
  }
  return line;
}

json::object error_line(size_t index, json::value id, const std::string& error) {
  return {{"index", index},           {"id", std::move(id)}, {"tokens", json::array()},  {"text", ""},
          {"finish_reason", "error"}, {"error", error},      {"metrics", json::object()}};
}

class BatchRun {
 public:
  BatchRun(const Config& config, AutoModelForCausalLM& model, const std::vector<RawRequest>& requests,
           ResultOutput& output)
      : model_(model), requests_(requests), output_(output), reader_(config, model) {
    summary_.requests = requests.size();
    for (size_t i = 0; i < requests.size(); ++i) summary_.earlier += output.has(i) ? 1 : 0;
    done_ = summary_.earlier;
  }

  RunSummary run() {
    for (;;) {
      start();
      show_progress();
      if (in_flight_ == 0 && !held_ && next_ == requests_.size()) break;
      if (std::optional<Ended> ended = endings_->pop(kPoll)) take(*std::move(ended));
      if (interrupt_token().stop_requested()) stop();
    }
    output_.finish();
    summary_.tokens = endings_->tokens;
    summary_.seconds = seconds();
    return summary_;
  }

 private:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

  void start() {
    while (in_flight_ < kMostInFlight && !interrupt_token().stop_requested()) {
      if (!held_) {
        while (next_ < requests_.size() && output_.has(next_)) ++next_;
        if (next_ == requests_.size()) return;
        read(next_++);
      }
      if (held_ && !submit()) return;
    }
  }

  void read(size_t index) {
    try {
      held_.emplace(index, reader_.read(requests_[index]));
    } catch (const Error& error) {
      if (!is_of_the_request(error)) throw;
      fail(index, text_of(error));
    }
  }

  /// False: later, when some of those under way have ended.
  bool submit() {
    const size_t index = held_->first;
    SubmitOptions how = held_->second.how;
    const std::shared_ptr<Endings> endings = endings_;
    how.on_token = [endings](int64_t) { ++endings->tokens; };
    how.on_end = [endings, index](const GenerateResult& result) {
      endings->push({.index = index, .error = nullptr, .result = result});
    };
    how.on_error = [endings, index](std::exception_ptr error) {
      endings->push({.index = index, .error = std::move(error), .result = {}});
    };
    try {
      model_.submit(held_->second.prompt, held_->second.options, how);
      ++in_flight_;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kBusy && in_flight_ > 0) return false;
      if (!is_of_the_request(error)) throw;
      fail(index, text_of(error));
    }
    held_.reset();
    return true;
  }

  void take(Ended ended) {
    --in_flight_;
    if (ended.error) return fail(ended.index, text_of(ended.error));
    summary_.prompt_tokens += ended.result.prompt_tokens.size();
    json::value id = RequestReader::id_of(requests_[ended.index]);
    add(ended.index, line_of(ended.index, std::move(id), ended.result));
  }

  void fail(size_t index, std::string error) {
    ++summary_.failed;
    const std::string& where = requests_[index].where;
    if (!error.starts_with(where)) error = fmt::format("{}: {}", where, error);
    add(index, error_line(index, RequestReader::id_of(requests_[index]), error));
  }

  void add(size_t index, const json::object& line) {
    output_.add(index, json::serialize(line));
    ++done_;
  }

  /// Keeps what has ended by itself in the meantime.
  [[noreturn]] void stop() {
    while (std::optional<Ended> ended = endings_->pop(std::chrono::milliseconds(0))) {
      take(*std::move(ended));
    }
    throw Error(ErrorCode::kCancelled, "the run was interrupted");
  }

  void show_progress() const {
    const RunProgress progress{.done = done_,
                               .total = summary_.requests,
                               .earlier = summary_.earlier,
                               .tokens = endings_->tokens,
                               .seconds = seconds()};
    ProgressLine::show("running", done_, summary_.requests, to_string(progress));
  }

  AutoModelForCausalLM& model_;
  const std::vector<RawRequest>& requests_;
  ResultOutput& output_;
  RequestReader reader_;
  std::shared_ptr<Endings> endings_ = std::make_shared<Endings>();
  std::optional<std::pair<size_t, RunRequest>> held_;  ///< read, not taken by the engine yet
  size_t next_ = 0, in_flight_ = 0;
  uint64_t done_ = 0;
  RunSummary summary_;
  Clock::time_point began_ = Clock::now();
};

}  // namespace

RunSummary run_requests(const Config& config, AutoModelForCausalLM& model,
                        const std::vector<RawRequest>& requests, ResultOutput& output) {
  return BatchRun(config, model, requests, output).run();
}

}  // namespace tessera::cli
