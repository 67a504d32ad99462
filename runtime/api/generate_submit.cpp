#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "runtime/api/model_impl.hpp"
#include "runtime/generation/generation_sink.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/submit.hpp"

namespace tessera {

struct Generation::State {
  void set(std::exception_ptr what, GenerateResult value) {
    {
      const std::lock_guard lock(mutex);
      error = std::move(what);
      result = std::move(value);
      ended = true;
    }
    end.notify_all();
  }

  mutable std::mutex mutex;
  mutable std::condition_variable end;
  bool ended = false;
  std::exception_ptr error;
  GenerateResult result;
  // Set before the handle is handed out.
  std::weak_ptr<Serving> serving;
  std::optional<engine::RequestId> id;
};

GenerateResult Generation::get() const {
  std::unique_lock lock(state_->mutex);
  state_->end.wait(lock, [&] { return state_->ended; });
  if (state_->error) std::rethrow_exception(state_->error);
  return state_->result;
}

bool Generation::wait_for(std::chrono::milliseconds time) const {
  std::unique_lock lock(state_->mutex);
  return state_->end.wait_for(lock, time, [&] { return state_->ended; });
}

void Generation::cancel() const {
  const std::shared_ptr<Serving> serving = state_->serving.lock();
  if (serving && state_->id) serving->engine().cancel(*state_->id);
}

Generation AutoModelForCausalLM::submit(const Prompt& prompt, const GenerateOptions& options,
                                        const SubmitOptions& how) {
  auto state = std::make_shared<Generation::State>();
  const sampling::SamplingParams params = impl_->sampling_of(options);
  if (params.choices() > 1) {
    throw Error(ErrorCode::kNotSupported, "a request has one text")
        .key("n")
        .remedy("generate() gives several texts of a prompt");
  }
  AutoModelForCausalLM::Impl::Text text = std::move(impl_->texts(prompt, params, options).front());
  GenerationEvents events;
  events.token = how.on_token;
  events.text = how.on_text;
  events.end = [state, on_end = how.on_end, on_error = how.on_error](const std::exception_ptr& error,
                                                                     GenerateResult result) {
    state->set(error, result);
    if (error && on_error) on_error(error);
    if (!error && on_end) on_end(result);
  };
  if (text.sequence.finished()) {  // nothing was asked for
    events.end(nullptr, text.sequence.take_result());
    return Generation(state);
  }
  engine::Submission submission = impl_->submission(std::move(text), options, std::move(events));
  submission.tenant = how.tenant;
  submission.priority = how.priority;
  submission.cache_salt = how.cache_salt;
  if (how.timeout.count() > 0) submission.deadline = std::chrono::steady_clock::now() + how.timeout;
  const std::shared_ptr<Serving> serving = impl_->serving();
  state->serving = serving;
  state->id = serving->engine().submit(std::move(submission));
  return Generation(state);
}

void AutoModelForCausalLM::set_engine(const EngineSettings& settings) {
  impl_->set_engine(settings);
}

EngineStatistics AutoModelForCausalLM::engine_statistics() const {
  return impl_->serving()->statistics();
}

}  // namespace tessera
