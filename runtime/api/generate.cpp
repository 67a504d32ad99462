#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/api/model_impl.hpp"
#include "runtime/generation/batch_generator.hpp"
#include "runtime/sampling/sampling_defaults.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

/// One step, unless the caller has had enough.
template <typename OnText>
void checked_step(BatchGenerator& generator, const GenerateOptions& options, const OnText& on_text) {
  if (options.cancel.stop_requested()) throw Error(ErrorCode::kCancelled, "generation was interrupted");
  generator.step(on_text);
  const auto [done, total] = generator.prompt_progress();
  if (done < total && options.progress && !options.progress("processing the prompt", done, total)) {
    throw Error(ErrorCode::kCancelled, "generation was interrupted");
  }
}

/// Mean log-probability of a token: what best_of compares (OpenAI API).
double mean_logprob(const GenerateResult& result) {
  double sum = 0;
  for (const sampling::TokenLogprobs& token : result.logprobs) sum += token.chosen.logprob;
  return sum / static_cast<double>(std::max<size_t>(result.logprobs.size(), 1));
}

/// Of the choices of each prompt, n: all, or the likeliest.
std::vector<GenerateResult> best_choices(std::vector<GenerateResult> results,
                                         const sampling::SamplingParams& params, bool keep_logprobs) {
  if (params.choices() == params.n) return results;
  std::vector<GenerateResult> best;
  const auto choices = static_cast<std::ptrdiff_t>(params.choices());
  for (auto first = results.begin(); first != results.end(); first += choices) {
    std::stable_sort(first, first + choices, [](const GenerateResult& a, const GenerateResult& b) {
      return mean_logprob(a) > mean_logprob(b);
    });
    std::move(first, first + static_cast<std::ptrdiff_t>(params.n), std::back_inserter(best));
  }
  if (!keep_logprobs) {
    for (GenerateResult& result : best) result.logprobs.clear();
  }
  return best;
}

}  // namespace

struct TextStream::Impl {
  static AutoModelForCausalLM::Impl::Generation start_one(AutoModelForCausalLM::Impl& model,
                                                          const Prompt& prompt,
                                                          const GenerateOptions& options) {
    if (options.sampling && options.sampling->choices() > 1) {
      throw Error(ErrorCode::kNotSupported, "a stream has one text")
          .key("n")
          .remedy("generate() gives several texts of a prompt");
    }
    return model.start({prompt}, options);
  }

  Impl(AutoModelForCausalLM::Impl& model, const Prompt& prompt, GenerateOptions given)
      : options(std::move(given)),
        generation(start_one(model, prompt, options)),
        generator(*model.current_session, generation.sequences, std::move(generation.samplers),
                  model.loaded.facts().vocab_size, kMaxRows) {}

  GenerateOptions options;
  AutoModelForCausalLM::Impl::Generation generation;
  BatchGenerator generator;
};

TextStream::TextStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextStream::TextStream(TextStream&&) noexcept = default;
TextStream& TextStream::operator=(TextStream&&) noexcept = default;
TextStream::~TextStream() = default;

bool TextStream::advance() {
  piece_.clear();
  while (piece_.empty() && !impl_->generator.done()) {
    checked_step(impl_->generator, impl_->options, [this](size_t, std::string_view text) { piece_ += text; });
  }
  return !piece_.empty();
}

GenerateResult TextStream::result() {
  while (advance()) {
  }
  GenerateResult result = impl_->generation.sequences.front().take_result();
  if (!impl_->generation.params.greedy()) result.seed = impl_->generation.params.seed;
  return result;
}

GenerateResult AutoModelForCausalLM::generate(const Prompt& prompt, const GenerateOptions& options) {
  return generate(std::vector<Prompt>{prompt}, options).front();
}

std::vector<GenerateResult> AutoModelForCausalLM::generate(
    const std::vector<Prompt>& prompts, const GenerateOptions& options,
    const std::function<void(size_t, std::string_view)>& on_text) {
  if (prompts.empty()) return {};
  Impl::Generation generation = impl_->start(prompts, options);
  BatchGenerator generator(*impl_->current_session, generation.sequences, std::move(generation.samplers),
                           impl_->loaded.facts().vocab_size, kMaxRows);
  while (!generator.done()) {
    checked_step(generator, options, [&](size_t index, std::string_view text) {
      if (on_text) on_text(index, text);
    });
  }
  std::vector<GenerateResult> results;
  for (Sequence& sequence : generation.sequences) results.push_back(sequence.take_result());
  if (!generation.params.greedy()) {
    for (GenerateResult& result : results) result.seed = generation.params.seed;
  }
  const bool wants_logprobs = options.sampling && options.sampling->logprobs >= 0;
  return best_choices(std::move(results), generation.params, wants_logprobs);
}

sampling::SamplingParams AutoModelForCausalLM::sampling_defaults() const {
  return sampling::sampling_defaults(impl_->loaded.checkpoint());
}

TextStream AutoModelForCausalLM::generate_stream(const Prompt& prompt, const GenerateOptions& options) {
  return TextStream(std::make_unique<TextStream::Impl>(*impl_, prompt, options));
}

}  // namespace tessera
