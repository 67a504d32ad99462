#include <utility>

#include "runtime/api/model_impl.hpp"
#include "runtime/generation/batch_generator.hpp"
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

}  // namespace

struct TextStream::Impl {
  Impl(AutoModelForCausalLM::Impl& model, const Prompt& prompt, GenerateOptions given)
      : options(std::move(given)),
        sequences(model.start({prompt}, options)),
        generator(*model.current_session, sequences, model.loaded.facts().vocab_size, kMaxRows) {}

  GenerateOptions options;
  std::vector<Sequence> sequences;
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
  return impl_->sequences.front().take_result();
}

GenerateResult AutoModelForCausalLM::generate(const Prompt& prompt, const GenerateOptions& options) {
  return generate(std::vector<Prompt>{prompt}, options).front();
}

std::vector<GenerateResult> AutoModelForCausalLM::generate(
    const std::vector<Prompt>& prompts, const GenerateOptions& options,
    const std::function<void(size_t, std::string_view)>& on_text) {
  if (prompts.empty()) return {};
  std::vector<Sequence> sequences = impl_->start(prompts, options);
  BatchGenerator generator(*impl_->current_session, sequences, impl_->loaded.facts().vocab_size, kMaxRows);
  while (!generator.done()) {
    checked_step(generator, options, [&](size_t index, std::string_view text) {
      if (on_text) on_text(index, text);
    });
  }
  std::vector<GenerateResult> results;
  for (Sequence& sequence : sequences) results.push_back(sequence.take_result());
  return results;
}

TextStream AutoModelForCausalLM::generate_stream(const Prompt& prompt, const GenerateOptions& options) {
  return TextStream(std::make_unique<TextStream::Impl>(*impl_, prompt, options));
}

}  // namespace tessera
