/// Text <-> token ids, as the Hugging Face library `tokenizers` (0.23) does it from the same tokenizer.json.
///
///   auto tokenizer = tessera::Tokenizer::from_folder("models/llama-3");
///   std::vector<int64_t> ids = tokenizer.encode("My name is");
///   std::string text = tokenizer.decode(ids);
///
/// README.md of this folder has the pipeline as a picture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/encoding.hpp"

namespace tessera {

namespace tokenizer {
struct Pipeline;
}

/// Which steps of tokenizer.json around the tokens of the text itself are done.
struct EncodeOptions {
  bool add_special_tokens = true;  ///< what the post-processor adds (BOS, [CLS], [SEP], ...)
  bool truncate = false;           ///< the block `truncation`, if the file has one
  /// Cuts to so many tokens, those of the template included, the longer text of a pair first; instead of the
  /// block's length and strategy, at the end that the block names (without one: the right).
  std::optional<size_t> max_length = std::nullopt;
  bool pad = false;  ///< the block `padding`, if the file has one
};

/// Immutable after loading: const methods from any thread. Cheap to copy: copies share the tables.
///
/// Encoding throws Error kInvalidArgument when the text is not valid UTF-8 (naming the byte); U+0000 is a
/// character like any other. kCorruptData: the text needs an unknown token that the vocabulary lacks.
class Tokenizer {
 public:
  /// Throws Error naming the file, and the key in it: kNotFound, kIo, kCorruptData (not JSON, wrong types,
  /// ids that contradict each other, a bad regular expression), kNotSupported (a component that is not
  /// implemented).
  static Tokenizer from_file(const std::filesystem::path& tokenizer_json);
  /// The tokenizer of a model's folder: its tokenizer.json; without one what transformers makes of vocab.json
  /// and merges.txt, vocab.txt or tokenizer.model (folder/folder.hpp). Throws as from_file.
  static Tokenizer from_folder(const std::filesystem::path& model_folder);

  /// The fast path: ids alone, neither cut nor padded.
  std::vector<int64_t> encode(std::string_view utf8, bool add_special_tokens = true) const;
  Encoding encode_with_offsets(std::string_view utf8, bool add_special_tokens = true) const;
  Encoding encode_with_offsets(std::string_view utf8, const EncodeOptions& options) const;
  /// Two texts as one sequence (question and context, query and passage).
  Encoding encode_pair(std::string_view first, std::string_view second,
                       const EncodeOptions& options = {}) const;

  /// Text of a sequence; ids without token decode to nothing.
  std::string decode(std::span<const int64_t> ids, bool skip_special_tokens = true) const;

  std::optional<int64_t> token_to_id(std::string_view token) const;
  std::optional<std::string> id_to_token(int64_t id) const;
  /// Number of tokens, added ones included. Ids may be larger: they may have holes.
  int64_t vocab_size() const;
  /// Whether decoding may skip the id.
  bool is_special(int64_t id) const;

 private:
  friend class StreamDecoder;
  explicit Tokenizer(std::shared_ptr<const tokenizer::Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}

  std::shared_ptr<const tokenizer::Pipeline> pipeline_;
};

/// Decodes one sequence id by id. What `step` and `finish` have returned, joined, equals decode(all ids),
/// however the ids come; no return value ends inside a character. Text that a later id may still change is
/// held back: the beginning of a character, a run of byte-fallback tokens. One thread at a time. Keeps the
/// tables of its tokenizer alive.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special_tokens = true);
  ~StreamDecoder();
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;

  /// Call before the first step: the ids stand in front of the sequence, and what is returned from now on is
  /// the decoded whole less the decoded prompt. So a leading space of the first generated word stays. Where
  /// the prompt ends inside a character, that character comes whole with the first steps.
  void prime(std::span<const int64_t> prompt_ids);
  /// New text that this id makes certain; often empty.
  std::string step(int64_t id);
  /// The rest: what was held back, an incomplete character as U+FFFD. Afterwards the decoder is spent.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tessera
