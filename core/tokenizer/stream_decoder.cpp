#include <utility>

#include "core/tokenizer/pipeline.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "core/tokenizer/tokenizer.hpp"

namespace tessera {
namespace {

/// The end of the chain of decoders: collects what is certain.
class TextSink final : public tokenizer::DecodeStep {
 public:
  void text(std::string_view part) override { text_ += part; }
  void end_token() override {}
  void finish() override {}
  std::string take() { return std::exchange(text_, {}); }

 private:
  std::string text_;
};

}  // namespace

struct StreamDecoder::State {
  State(std::shared_ptr<const tokenizer::Pipeline> tables, bool skips)
      : pipeline(std::move(tables)), skip_special_tokens(skips), first_step(pipeline->start_decoding(sink)) {}

  void feed(int64_t id) {
    const auto token = pipeline->token(id);
    if (!token || (skip_special_tokens && pipeline->is_special(id))) return;
    first_step->text(*token);
    first_step->end_token();
  }

  /// What the sink has, less what belongs to the decoded prompt.
  std::string take() {
    std::string text = sink.take();
    size_t at = 0;
    while (!prompt_rest.empty() && at < text.size()) {
      const size_t length = tokenizer::utf8_length(static_cast<unsigned char>(text[at]));
      if (prompt_rest.compare(0, length, text, at, length) != 0) {
        prompt_rest
            .clear();  // the prompt ended inside a character: it had U+FFFD where now stands the character
        break;
      }
      prompt_rest.erase(0, length);
      at += length;
    }
    return at == 0 ? text : text.substr(at);
  }

  std::shared_ptr<const tokenizer::Pipeline> pipeline;
  bool skip_special_tokens;
  TextSink sink;
  std::unique_ptr<tokenizer::DecodeStep> first_step;
  std::string prompt_rest;  // of the decoded prompt: what the steps held back when it was fed
};

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special_tokens)
    : state_(std::make_unique<State>(tokenizer.pipeline_, skip_special_tokens)) {}
StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;

void StreamDecoder::prime(std::span<const int64_t> prompt_ids) {
  State whole(state_->pipeline, state_->skip_special_tokens);
  for (const int64_t id : prompt_ids) {
    state_->feed(id);
    whole.feed(id);
  }
  whole.first_step->finish();
  const size_t certain = state_->sink.take().size();
  state_->prompt_rest = whole.sink.take().substr(certain);
}

std::string StreamDecoder::step(int64_t id) {
  state_->feed(id);
  return state_->take();
}

std::string StreamDecoder::finish() {
  state_->first_step->finish();
  return state_->take();
}

}  // namespace tessera
