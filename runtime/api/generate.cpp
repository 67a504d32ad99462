#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "runtime/api/model_impl.hpp"
#include "runtime/generation/best_choices.hpp"
#include "runtime/generation/event_queue.hpp"
#include "runtime/generation/generation_sink.hpp"
#include "runtime/sampling/sampling_defaults.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using Kind = GenerationEvent::Kind;

Error interrupted() {
  return Error(ErrorCode::kCancelled, "generation was interrupted");
}

/// Requests of one caller, who hears of them on its own thread.
class Listener {
 public:
  Listener(AutoModelForCausalLM::Impl& model, GenerateOptions options)
      : model_(model),
        options_(std::move(options)),
        on_stop_(options_.cancel, [queue = queue_] { queue->push({.kind = Kind::kInterrupt}); }) {}
  ~Listener() { cancel(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void submit(size_t index, AutoModelForCausalLM::Impl::Text text) {
    const auto queue = queue_;
    GenerationEvents events;
    events.prompt = [=](int64_t tokens) {
      queue->push({.kind = Kind::kPrompt, .index = index, .tokens = tokens});
    };
    events.text = [=](std::string_view text) {
      queue->push({.kind = Kind::kText, .index = index, .text = std::string(text)});
    };
    events.end = [=](std::exception_ptr error, GenerateResult result) {
      queue->push(
          {.kind = Kind::kEnd, .index = index, .error = std::move(error), .result = std::move(result)});
    };
    const std::shared_ptr<Serving> serving = model_.serving();
    serving_ = serving;
    ids_.push_back(serving->engine().submit(model_.submission(std::move(text), options_, std::move(events))));
  }

  /// The next event but interrupts and errors, which are thrown.
  GenerationEvent next() {
    GenerationEvent event = queue_->pop();
    if (event.kind == Kind::kInterrupt) throw interrupted();
    if (event.error) std::rethrow_exception(event.error);
    return event;
  }

  void report_prompts(uint64_t done, uint64_t total) const {
    if (done >= total || !options_.progress) return;
    if (!options_.progress("processing the prompt", done, total)) throw interrupted();
  }

  void cancel() {
    const std::shared_ptr<Serving> serving = serving_.lock();
    if (!serving) return;
    for (const engine::RequestId id : ids_) serving->engine().cancel(id);
  }

 private:
  AutoModelForCausalLM::Impl& model_;
  GenerateOptions options_;
  std::weak_ptr<Serving> serving_;  ///< the model's: compile() ends it, and with it the requests
  std::shared_ptr<EventQueue> queue_ = std::make_shared<EventQueue>();
  std::vector<engine::RequestId> ids_;
  std::stop_callback<std::function<void()>> on_stop_;  // the last: it uses the queue
};

/// Many prompts of one call; text i is choice i % choices of prompt i / choices.
class Batch {
 public:
  using OnText = std::function<void(size_t, std::string_view)>;

  Batch(AutoModelForCausalLM::Impl& model, const std::vector<Prompt>& prompts, const GenerateOptions& options,
        const OnText& on_text)
      : listener_(model, options),
        on_text_(on_text),
        most_(2 * static_cast<size_t>(std::max<int64_t>(model.engine_settings.max_num_seqs, 1))),
        params_(model.sampling_of(options)),
        keep_logprobs_(options.sampling && options.sampling->logprobs >= 0) {
    for (const Prompt& prompt : prompts) {
      for (AutoModelForCausalLM::Impl::Text& text : model.texts(prompt, params_, options)) {
        prompt_tokens_ += text.sequence.prompt().size();
        texts_.push_back(std::move(text));
      }
    }
    results_.resize(texts_.size());
    computed_.resize(texts_.size());
  }

  std::vector<GenerateResult> run() {
    start();
    while (ended_ < results_.size()) {
      take(listener_.next());
      start();
    }
    return best_choices(std::move(results_), params_, keep_logprobs_);
  }

 private:
  /// A few more than can run: the queue is there for others, too.
  void start() {
    for (; next_ < texts_.size() && next_ - ended_ < most_; ++next_) {
      AutoModelForCausalLM::Impl::Text& text = texts_[next_];
      if (!text.sequence.finished()) {
        listener_.submit(next_, std::move(text));
        continue;
      }
      results_[next_] = text.sequence.take_result();  // nothing was asked for
      ++ended_;
    }
  }

  void take(GenerationEvent event) {
    const size_t index = event.index;
    switch (event.kind) {
      case Kind::kPrompt:
        computed_total_ +=
            static_cast<uint64_t>(event.tokens) - std::exchange(computed_[index], event.tokens);
        listener_.report_prompts(computed_total_, prompt_tokens_);
        return;
      case Kind::kText:
        if (on_text_) on_text_(index, event.text);
        return;
      case Kind::kEnd: {
        const uint64_t prompt = event.result.prompt_tokens.size();
        computed_total_ += prompt - std::exchange(computed_[index], prompt);
        results_[index] = std::move(event.result);
        ++ended_;
        return;
      }
      case Kind::kInterrupt:
        return;
    }
  }

  Listener listener_;
  const OnText& on_text_;
  size_t most_;  ///< requests at once
  sampling::SamplingParams params_;
  bool keep_logprobs_;  ///< they are not there for best_of alone
  std::vector<AutoModelForCausalLM::Impl::Text> texts_;
  std::vector<GenerateResult> results_;
  std::vector<uint64_t> computed_;
  uint64_t computed_total_ = 0, prompt_tokens_ = 0;
  size_t next_ = 0, ended_ = 0;
};

}  // namespace

struct TextStream::Impl {
  Impl(AutoModelForCausalLM::Impl& model, const Prompt& prompt, const GenerateOptions& options)
      : listener(model, options) {
    const sampling::SamplingParams params = model.sampling_of(options);
    if (params.choices() > 1) {
      throw Error(ErrorCode::kNotSupported, "a stream has one text")
          .key("n")
          .remedy("generate() gives several texts of a prompt");
    }
    AutoModelForCausalLM::Impl::Text text = std::move(model.texts(prompt, params, options).front());
    prompt_tokens = text.sequence.prompt().size();
    if (text.sequence.finished()) {
      result = text.sequence.take_result();
    } else {
      listener.submit(0, std::move(text));
    }
  }

  Listener listener;
  uint64_t prompt_tokens = 0;
  std::optional<GenerateResult> result;  ///< once it has ended
};

TextStream::TextStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextStream::TextStream(TextStream&&) noexcept = default;
TextStream& TextStream::operator=(TextStream&&) noexcept = default;
TextStream::~TextStream() = default;

bool TextStream::advance() {
  piece_.clear();
  while (piece_.empty() && !impl_->result) {
    GenerationEvent event = impl_->listener.next();
    if (event.kind == Kind::kPrompt) {
      impl_->listener.report_prompts(static_cast<uint64_t>(event.tokens), impl_->prompt_tokens);
    }
    if (event.kind == Kind::kText) piece_ = std::move(event.text);
    if (event.kind == Kind::kEnd) impl_->result = std::move(event.result);
  }
  return !piece_.empty();
}

GenerateResult TextStream::result() {
  while (advance()) {
  }
  return *impl_->result;
}

GenerateResult AutoModelForCausalLM::generate(const Prompt& prompt, const GenerateOptions& options) {
  return generate(std::vector<Prompt>{prompt}, options).front();
}

std::vector<GenerateResult> AutoModelForCausalLM::generate(
    const std::vector<Prompt>& prompts, const GenerateOptions& options,
    const std::function<void(size_t, std::string_view)>& on_text) {
  if (prompts.empty()) return {};
  return Batch(*impl_, prompts, options, on_text).run();
}

sampling::SamplingParams AutoModelForCausalLM::sampling_defaults() const {
  return sampling::sampling_defaults(impl_->loaded.checkpoint());
}

TextStream AutoModelForCausalLM::generate_stream(const Prompt& prompt, const GenerateOptions& options) {
  return TextStream(std::make_unique<TextStream::Impl>(*impl_, prompt, options));
}

}  // namespace tessera
