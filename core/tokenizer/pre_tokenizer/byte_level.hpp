#pragma once

#include <memory>

#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"
#include "core/tokenizer/pre_tokenizer/split.hpp"

namespace tessera::tokenizer {

/// `ByteLevel` (GPT-2): cuts at words with their leading space, then writes each byte as a character of the
/// byte alphabet.
class ByteLevelPreTokenizer final : public PreTokenizer {
 public:
  struct Config {
    bool add_prefix_space = true;  ///< a piece that does not start with a space gets one
    bool use_regex = true;         ///< cut by GPT-2's pattern; false: an earlier step has cut
    bool write_alphabet = true;    ///< false: leave raw bytes, for a model that takes them (BpeInput::kBytes)
  };
  explicit ByteLevelPreTokenizer(Config config);

  void pre_tokenize(PreTokenizedText& text) const override;

 private:
  void add_prefix_spaces(PreTokenizedText& text) const;
  static void write_alphabet(PreTokenizedText& text);

  Config config_;
  std::unique_ptr<Split> words_;
};

}  // namespace tessera::tokenizer
