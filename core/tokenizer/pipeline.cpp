#include "core/tokenizer/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/tokenizer/text/utf8.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

void check_text(std::string_view input) {
  if (input.size() >= UINT32_MAX) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("text of {} bytes, the limit is 4 GiB", input.size()));
  }
  const size_t invalid = find_invalid_utf8(input);
  if (invalid == std::string_view::npos) return;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("text is not valid UTF-8 at byte {} (0x{:02x})",
                                                       invalid, static_cast<unsigned char>(input[invalid])))
      .offset(invalid);
}

/// Byte positions of the input as code points.
class CodePointIndex {
 public:
  explicit CodePointIndex(std::string_view input) {
    const bool ascii = std::none_of(input.begin(), input.end(), [](char byte) { return byte & 0x80; });
    if (ascii) return;
    before_.reserve(input.size() + 1);
    uint32_t count = 0;
    for (const char byte : input) {
      before_.push_back(count);
      count += !is_utf8_continuation(byte);
    }
    before_.push_back(count);
  }
  std::pair<uint32_t, uint32_t> convert(Span bytes) const {
    if (before_.empty()) return {bytes.begin, bytes.end};
    return {before_[bytes.begin], before_[bytes.end]};
  }

 private:
  std::vector<uint32_t> before_;  // empty for ASCII
};

/// Without a decoder: tokens with a space between them.
class JoinWithSpaces final : public WholeTokenStep {
 public:
  using WholeTokenStep::WholeTokenStep;

 private:
  void token(std::string& token) override {
    if (!first_) next_.text(" ");
    first_ = false;
    emit(token);
  }
  bool first_ = true;
};

}  // namespace

/// One call of encode.
struct Pipeline::Work {
  Work(std::string_view text, Detail detail) : input(text), run(detail) {
    if (run.full()) code_points.emplace(text);
  }

  void add(int64_t id, std::string_view token, Span source) {
    run.encoding.ids.push_back(id);
    if (!run.full()) return;
    run.encoding.tokens.emplace_back(token);
    run.encoding.offsets.push_back(code_points->convert(source));
    run.encoding.type_ids.push_back(0);
    run.encoding.attention_mask.push_back(1);
    run.encoding.special_tokens_mask.push_back(0);
  }

  std::string_view input;
  TokenRun run;
  std::optional<CodePointIndex> code_points;
  std::vector<ModelToken> tokens;  // of one piece
};

TokenRun Pipeline::encode(std::string_view input, Detail detail) const {
  check_text(input);
  Work work(input, detail);
  if (detail == Detail::kIds) work.run.encoding.ids.reserve(input.size() / 3);
  const bool needs_source = pre_tokenizer && pre_tokenizer->needs_source(normalizer != nullptr);
  const Tracking tracking = detail == Detail::kFull || needs_source ? Tracking::kOn : Tracking::kOff;
  std::vector<AddedTokenMatcher::Part> parts;
  added->before_normalization().split(input, parts);
  for (const auto& [span, token] : parts) {
    const std::string_view part = input.substr(span.begin, span.size());
    if (token) {
      work.add(token->id, part, span);
    } else {
      encode_stretch(AlignedText(part, span.begin, tracking), work);
    }
  }
  return std::move(work.run);
}

/// A stretch of the input between added tokens: normalizes it and looks for those that are found after that.
void Pipeline::encode_stretch(AlignedText text, Work& work) const {
  if (normalizer) normalizer->normalize(text);
  std::vector<AddedTokenMatcher::Part> parts;
  added->after_normalization().split(text.text(), parts);
  if (parts.size() == 1 && !parts[0].token) return encode_words(std::move(text), work);
  for (const auto& [span, token] : parts) {
    if (token) {
      work.add(token->id, text.text().substr(span.begin, span.size()),
               text.tracked() ? text.source(span) : Span{});
    } else {
      encode_words(text.slice(span), work);
    }
  }
}

void Pipeline::encode_words(AlignedText text, Work& work) const {
  PreTokenizedText words(std::move(text));
  if (pre_tokenizer) pre_tokenizer->pre_tokenize(words);
  const auto size = static_cast<uint32_t>(words.text.text().size());
  for (const Span piece : words.pieces) {
    work.tokens.clear();
    model->tokenize(words.piece(piece), work.tokens);
    if (!work.run.full()) {
      for (const ModelToken& token : work.tokens) work.run.encoding.ids.push_back(token.id);
      continue;
    }
    uint32_t at = piece.begin;
    for (const ModelToken& token : work.tokens) {
      const Span span{std::min(at, size - 1), std::min(at + token.length, size)};
      const std::string_view literal = words.text.text().substr(span.begin, span.size());
      work.add(token.id, token.literal ? literal : *model->vocabulary().token(token.id),
               words.text.source(span));
      if (!token.shared) at += token.length;
    }
  }
}

TokenRun Pipeline::finish(TokenRun first, std::optional<TokenRun> second, SpecialTokens special_tokens,
                          const std::optional<Truncation>& cut) const {
  if (cut) {
    const size_t added_tokens = special_tokens == SpecialTokens::kAdd && post_processor
                                    ? post_processor->added_tokens(second.has_value())
                                    : 0;
    if (added_tokens > cut->max_length) {
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("the template alone adds {} tokens, max_length is {}", added_tokens, cut->max_length))
          .key("truncation.max_length");
    }
    truncate(*cut, cut->max_length - added_tokens, first, second ? &*second : nullptr);
  }
  std::vector<TokenRun> runs;
  runs.push_back(std::move(first));
  if (second) {
    second->set_type_id(1);
    runs.push_back(std::move(*second));
  }
  if (post_processor) post_processor->process(runs, special_tokens);
  if (runs.size() == 1) return std::move(runs[0]);
  TokenRun joined(runs.empty() ? Detail::kFull : runs[0].detail);
  for (const TokenRun& run : runs) joined.append(run);
  return joined;
}

std::optional<std::string_view> Pipeline::token(int64_t id) const {
  if (id < 0) return std::nullopt;
  if (const auto* token = added->decoded(id)) return token->text;
  return model->vocabulary().token(static_cast<uint64_t>(id));
}

bool Pipeline::is_special(int64_t id) const {
  const auto* token = added->decoded(id);
  return token && token->special;
}

std::unique_ptr<DecodeStep> Pipeline::start_decoding(DecodeStep& text) const {
  return decoder ? decoder->start(text) : std::make_unique<JoinWithSpaces>(text);
}

}  // namespace tessera::tokenizer
