#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "runtime/api/model_impl.hpp"
#include "runtime/generation/best_choices.hpp"
#include "runtime/generation/generation_sink.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/submit.hpp"

namespace tessera {

/// Gathers the choices of a request.
struct Generation::State {
  State(SubmitOptions options, sampling::SamplingParams parameters, bool logprobs)
      : how(std::move(options)),
        params(std::move(parameters)),
        keep_logprobs(logprobs),
        open(static_cast<size_t>(params.choices())) {
    results.resize(open);
  }

  /// On the engine's thread, or of a text that needed none. The first error cancels the other choices.
  void end_choice(size_t choice, std::exception_ptr what, GenerateResult result) {
    std::unique_lock lock(mutex);
    results[choice] = std::move(result);
    const bool failed = what && !error;
    if (failed) error = std::move(what);
    const bool last = --open == 0;
    lock.unlock();
    if (failed && !last) cancel();
    if (last) end_all();
  }

  void end_all() {
    const SubmitOptions told = std::move(how);  // what the callbacks hold goes with them
    {
      const std::lock_guard lock(mutex);
      if (!error) results = best_choices(std::move(results), params, keep_logprobs);
      ended = true;
    }
    end.notify_all();
    if (error && told.on_error) told.on_error(error);
    if (!error && told.on_end) told.on_end(results.front());
  }

  void cancel() const {
    const std::shared_ptr<Serving> running = serving.lock();
    if (!running) return;
    std::vector<engine::RequestId> under_way;
    {
      const std::lock_guard lock(mutex);
      under_way = ids;
    }
    for (const engine::RequestId id : under_way) running->engine().cancel(id);
  }

  void wait() const {
    std::unique_lock lock(mutex);
    end.wait(lock, [&] { return ended; });
    if (error) std::rethrow_exception(error);
  }

  SubmitOptions how;  ///< until the end
  const sampling::SamplingParams params;
  const bool keep_logprobs;
  mutable std::mutex mutex;
  mutable std::condition_variable end;
  size_t open;  ///< choices that have not ended
  bool ended = false;
  std::exception_ptr error;
  std::vector<GenerateResult> results;  ///< by choice; those that are given back, once ended
  std::weak_ptr<Serving> serving;       ///< set before anything is submitted
  std::vector<engine::RequestId> ids;
};

GenerateResult Generation::get() const {
  state_->wait();
  return state_->results.front();
}

std::vector<GenerateResult> Generation::get_all() const {
  state_->wait();
  return state_->results;
}

bool Generation::wait_for(std::chrono::milliseconds time) const {
  std::unique_lock lock(state_->mutex);
  return state_->end.wait_for(lock, time, [&] { return state_->ended; });
}

void Generation::cancel() const {
  state_->cancel();
}

namespace {

GenerationEvents events_of(const std::shared_ptr<Generation::State>& state, size_t choice) {
  GenerationEvents events;
  events.token = state->how.on_token;
  if (state->how.on_text || state->how.on_choice_text) {
    events.text = [state, choice](std::string_view text) {
      if (state->how.on_text) state->how.on_text(text);
      if (state->how.on_choice_text) state->how.on_choice_text(choice, text);
    };
  }
  events.end = [state, choice](std::exception_ptr error, GenerateResult result) {
    state->end_choice(choice, std::move(error), std::move(result));
  };
  return events;
}

engine::Submission with_wishes(const SubmitOptions& how, engine::Submission submission) {
  submission.tenant = how.tenant;
  submission.priority = how.priority;
  submission.cache_salt = how.cache_salt;
  if (how.timeout.count() > 0) submission.deadline = std::chrono::steady_clock::now() + how.timeout;
  return submission;
}

void check_callbacks(const SubmitOptions& how, const sampling::SamplingParams& params) {
  if (params.choices() == 1 || !how.on_text) return;
  throw Error(ErrorCode::kNotSupported, fmt::format("{} texts cannot share on_text", params.choices()))
      .key("n")
      .remedy("give on_choice_text, which tells them apart");
}

}  // namespace

Generation AutoModelForCausalLM::submit(const Prompt& prompt, const GenerateOptions& options,
                                        const SubmitOptions& how) {
  const sampling::SamplingParams params = impl_->sampling_of(options);
  check_callbacks(how, params);
  std::vector<AutoModelForCausalLM::Impl::Text> texts = impl_->texts(prompt, params, options);
  auto state =
      std::make_shared<Generation::State>(how, params, options.sampling && options.sampling->logprobs >= 0);
  if (texts.front().sequence.finished()) {  // nothing was asked for
    for (size_t choice = 0; choice < texts.size(); ++choice)
      state->end_choice(choice, nullptr, texts[choice].sequence.take_result());
    return Generation(state);
  }
  const std::shared_ptr<Serving> serving = impl_->serving();
  state->serving = serving;
  std::vector<engine::Submission> submissions;
  for (size_t choice = 0; choice < texts.size(); ++choice) {
    submissions.push_back(
        with_wishes(how, impl_->submission(std::move(texts[choice]), options, events_of(state, choice))));
  }
  std::vector<engine::RequestId> ids = serving->engine().submit(std::move(submissions));
  bool failed = false;
  {
    const std::lock_guard lock(state->mutex);
    state->ids = std::move(ids);
    failed = state->error != nullptr;
  }
  if (failed) state->cancel();  // one of them has ended already, and did not know the others
  return Generation(state);
}

void AutoModelForCausalLM::set_engine(const EngineSettings& settings) {
  impl_->set_engine(settings);
}

EngineStatistics AutoModelForCausalLM::engine_statistics() const {
  return impl_->serving()->statistics();
}

}  // namespace tessera
