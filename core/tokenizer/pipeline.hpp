/// The tokenizer as data: its steps in the order in which a text meets them, and how they work together.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/tokenizer/added_vocabulary.hpp"
#include "core/tokenizer/decoder/decoder.hpp"
#include "core/tokenizer/model/model.hpp"
#include "core/tokenizer/normalizer/normalizer.hpp"
#include "core/tokenizer/post_processor/post_processor.hpp"
#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"
#include "core/tokenizer/token_run.hpp"
#include "core/tokenizer/truncation.hpp"

namespace tessera::tokenizer {

/// Immutable after loading: const methods from any thread. Only `model` and `added` are never null.
struct Pipeline {
  std::unique_ptr<const Normalizer> normalizer;
  std::unique_ptr<const PreTokenizer> pre_tokenizer;
  std::unique_ptr<const Model> model;
  std::unique_ptr<const PostProcessor> post_processor;
  std::unique_ptr<const Decoder> decoder;
  std::unique_ptr<const AddedVocabulary> added;
  std::optional<Truncation> truncation;
  std::optional<Padding> padding;

  /// The tokens of one text, nothing added. Throws Error kInvalidArgument for invalid UTF-8, naming the byte.
  TokenRun encode(std::string_view input, Detail detail) const;

  /// Joins one text or a pair with the tokens that the post-processor adds; cuts before that to `cut`.
  TokenRun finish(TokenRun first, std::optional<TokenRun> second, SpecialTokens special_tokens,
                  const std::optional<Truncation>& cut) const;

  /// Text of an id, as decoding sees it; nullopt for an id without token.
  std::optional<std::string_view> token(int64_t id) const;
  bool is_special(int64_t id) const;

  /// The steps from tokens to text, at the start of a sequence: the pipeline's decoder, or without one the
  /// tokens joined by spaces.
  std::unique_ptr<DecodeStep> start_decoding(DecodeStep& text) const;

 private:
  struct Work;
  void encode_stretch(AlignedText text, Work& work) const;
  void encode_words(AlignedText text, Work& work) const;
};

}  // namespace tessera::tokenizer
