#include "core/tokenizer/tokenizer.hpp"

#include "core/tokenizer/loader.hpp"
#include "core/tokenizer/pipeline.hpp"

namespace tessera {

using tokenizer::Detail;
using tokenizer::Pipeline;
using tokenizer::SpecialTokens;
using tokenizer::TokenRun;

namespace {

SpecialTokens special_tokens(bool add) {
  return add ? SpecialTokens::kAdd : SpecialTokens::kOmit;
}

/// The cut that the options ask for; nothing: none.
std::optional<tokenizer::Truncation> cut(const Pipeline& pipeline, const EncodeOptions& options) {
  if (!options.max_length) return options.truncate ? pipeline.truncation : std::nullopt;
  tokenizer::Truncation truncation;
  truncation.max_length = *options.max_length;
  if (pipeline.truncation) truncation.direction = pipeline.truncation->direction;
  return truncation;
}

Encoding padded(const Pipeline& pipeline, TokenRun run, const EncodeOptions& options) {
  if (options.pad && pipeline.padding) tokenizer::pad(*pipeline.padding, run.size(), run);
  return std::move(run.encoding);
}

}  // namespace

Tokenizer Tokenizer::from_file(const std::filesystem::path& tokenizer_json) {
  return Tokenizer(tokenizer::load_tokenizer_json(tokenizer_json));
}

Tokenizer Tokenizer::from_folder(const std::filesystem::path& model_folder) {
  return Tokenizer(tokenizer::load_folder(model_folder));
}

std::vector<int64_t> Tokenizer::encode(std::string_view utf8, bool add_special_tokens) const {
  TokenRun run = pipeline_->encode(utf8, Detail::kIds);
  return pipeline_->finish(std::move(run), std::nullopt, special_tokens(add_special_tokens), std::nullopt)
      .encoding.ids;
}

Encoding Tokenizer::encode_with_offsets(std::string_view utf8, bool add_special_tokens) const {
  EncodeOptions options;
  options.add_special_tokens = add_special_tokens;
  return encode_with_offsets(utf8, options);
}

Encoding Tokenizer::encode_with_offsets(std::string_view utf8, const EncodeOptions& options) const {
  TokenRun run = pipeline_->encode(utf8, Detail::kFull);
  run = pipeline_->finish(std::move(run), std::nullopt, special_tokens(options.add_special_tokens),
                          cut(*pipeline_, options));
  return padded(*pipeline_, std::move(run), options);
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second,
                                const EncodeOptions& options) const {
  TokenRun run = pipeline_->encode(first, Detail::kFull);
  run = pipeline_->finish(std::move(run), pipeline_->encode(second, Detail::kFull),
                          special_tokens(options.add_special_tokens), cut(*pipeline_, options));
  return padded(*pipeline_, std::move(run), options);
}

std::string Tokenizer::decode(std::span<const int64_t> ids, bool skip_special_tokens) const {
  StreamDecoder decoder(*this, skip_special_tokens);
  std::string text;
  for (const int64_t id : ids) text += decoder.step(id);
  return text += decoder.finish();
}

std::optional<int64_t> Tokenizer::token_to_id(std::string_view token) const {
  if (const auto* added = pipeline_->added->find(token)) return added->id;
  if (const auto id = pipeline_->model->vocabulary().find(token)) return *id;
  return std::nullopt;
}

std::optional<std::string> Tokenizer::id_to_token(int64_t id) const {
  if (const auto token = pipeline_->token(id)) return std::string(*token);
  return std::nullopt;
}

int64_t Tokenizer::vocab_size() const {
  return int64_t{pipeline_->model->vocabulary().size()} + pipeline_->added->new_tokens();
}

bool Tokenizer::is_special(int64_t id) const {
  return pipeline_->is_special(id);
}

}  // namespace tessera
