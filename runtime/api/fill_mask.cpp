#include "tessera/fill_mask.hpp"

#include <fmt/format.h>

#include "runtime/api/auto_model_impl.hpp"
#include "runtime/encoder/checkpoint_texts.hpp"
#include "runtime/encoder/scores.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

std::vector<int64_t> positions_of(int64_t id, const std::vector<int64_t>& ids) {
  std::vector<int64_t> positions;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == id) positions.push_back(static_cast<int64_t>(i));
  }
  return positions;
}

}  // namespace

AutoModelForMaskedLM AutoModelForMaskedLM::from_pretrained(std::string_view folder_or_id,
                                                           const LoadOptions& options) {
  return AutoModelForMaskedLM(folder_or_id, options, "masked-lm");
}

std::string AutoModelForMaskedLM::mask_token() const {
  const std::string named = read_special_token(impl_->loaded.checkpoint(), "mask_token");
  for (const std::string& token : {named, std::string("[MASK]"), std::string("<mask>")}) {
    if (!token.empty() && impl_->tokenizer().token_to_id(token)) return token;
  }
  throw Error(ErrorCode::kNotFound, "the tokenizer has no mask token")
      .file(impl_->loaded.info().folder)
      .key("mask_token")
      .remedy("name it in tokenizer_config.json");
}

std::vector<std::vector<std::vector<MaskFill>>> AutoModelForMaskedLM::fill_mask(
    const std::vector<TextInput>& inputs, const FillMaskOptions& options) {
  const Tokenizer& tokenizer = impl_->tokenizer();
  const std::string mask = mask_token();
  const int64_t mask_id = *tokenizer.token_to_id(mask);
  const std::vector<Encoding> encodings = impl_->encode(inputs, max_tokens(), TooLong::kError, options);
  std::vector<TokenSequence> sequences;
  for (size_t i = 0; i < inputs.size(); ++i) {
    TokenSequence& sequence = sequences.emplace_back(token_sequence(encodings[i]));
    sequence.logits_positions = positions_of(mask_id, sequence.ids);
    if (!sequence.logits_positions.empty()) continue;
    Error error(ErrorCode::kInvalidArgument, fmt::format("the text has no mask '{}'", mask));
    error.add_remedy(fmt::format("write {} where a token is wanted", mask));
    if (inputs.size() > 1) error.add_context(fmt::format("reading input {}", i + 1));
    throw error;
  }

  const auto results = impl_->runner().run(sequences, {"logits"}, {options.progress, options.cancel});
  std::vector<std::vector<std::vector<MaskFill>>> fills(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const NamedTensor& logits = results[i].front();
    const auto vocab = static_cast<size_t>(logits.dims.back());
    const std::vector<int64_t>& masks = sequences[i].logits_positions;
    for (size_t m = 0; m < masks.size(); ++m) {
      const std::vector<float> scores =
          scores_of(std::span(logits.data).subspan(m * vocab, vocab), FunctionToApply::kSoftmax);
      std::vector<MaskFill>& fill = fills[i].emplace_back();
      for (const size_t token : best(scores, options.top_k)) {
        std::vector<int64_t> ids = sequences[i].ids;
        ids[static_cast<size_t>(masks[m])] = static_cast<int64_t>(token);
        fill.push_back({static_cast<int64_t>(token),
                        tokenizer.decode(std::vector<int64_t>{static_cast<int64_t>(token)}, false),
                        scores[token], tokenizer.decode(ids, masks.size() == 1)});
      }
    }
  }
  return fills;
}

}  // namespace tessera
