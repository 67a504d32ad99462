#include <future>
#include <memory>
#include <utility>

#include "runtime/api/model_impl.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

/// Looks for the best token, as a greedy text does, and takes the next one of the text.
class ForcedChooser final : public engine::TokenChooser {
 public:
  explicit ForcedChooser(const std::vector<int64_t>& tokens) : tokens_(tokens) {}
  int64_t choose(std::span<float> logits) override {
    engine::argmax(logits);
    return tokens_[next_++];
  }

 private:
  const std::vector<int64_t>& tokens_;
  size_t next_ = 0;
};

/// From the first token to the last.
class TimingSink final : public engine::TokenSink {
 public:
  bool accept(int64_t) override { return true; }
  void end(engine::EndReason reason, std::exception_ptr error,
           const engine::RequestMetrics& metrics) override {
    if (reason == engine::EndReason::kCancelled)
      error = std::make_exception_ptr(Error(ErrorCode::kCancelled, "interrupted"));
    if (error) return seconds_.set_exception(error);
    seconds_.set_value(metrics.total_s - metrics.ttft_s);
  }
  std::future<double> seconds() { return seconds_.get_future(); }

 private:
  std::promise<double> seconds_;
};

}  // namespace

double AutoModelForCausalLM::time_text(const std::vector<int64_t>& prompt, const std::vector<int64_t>& tokens,
                                       const std::stop_token& cancel) {
  for (const std::vector<int64_t>* ids : {&prompt, &tokens}) impl_->ids_of(Prompt(*ids), false);  // checked
  const auto sink = std::make_shared<TimingSink>();
  std::future<double> seconds = sink->seconds();
  engine::Submission submission;
  submission.prompt = prompt;
  submission.max_new_tokens = static_cast<int64_t>(tokens.size());
  submission.sink = sink;
  submission.chooser = std::make_unique<ForcedChooser>(tokens);
  const std::shared_ptr<Serving> serving = impl_->serving();
  const engine::RequestId id = serving->engine().submit(std::move(submission));
  const std::stop_callback on_stop(cancel, [&] { serving->engine().cancel(id); });
  return seconds.get();
}

}  // namespace tessera
