#pragma once

#include <string>

#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"

namespace tessera::tokenizer {

/// Where Metaspace puts a mark in front of text that does not start with one.
enum class PrependScheme {
  kAlways,  ///< in front of every piece
  kFirst,   ///< in front of a piece at the very start of the input
  kNever,
};

/// `Metaspace` (SentencePiece): writes spaces as a visible mark, and cuts before each mark when `split`.
class MetaspacePreTokenizer final : public PreTokenizer {
 public:
  struct Config {
    std::string replacement = "\xE2\x96\x81";  ///< the mark, one character; U+2581
    PrependScheme prepend_scheme = PrependScheme::kAlways;
    bool split = true;
  };
  explicit MetaspacePreTokenizer(Config config) : config_(std::move(config)) {}

  void pre_tokenize(PreTokenizedText& text) const override;
  bool needs_source(bool edited) const override {
    return edited && config_.prepend_scheme == PrependScheme::kFirst;
  }

 private:
  bool prepends(const PreTokenizedText& text, Span piece) const;
  void write_marks(TextEdit& edit, std::string_view text, Span piece) const;
  void cut_before_marks(PreTokenizedText& text) const;

  Config config_;
};

}  // namespace tessera::tokenizer
