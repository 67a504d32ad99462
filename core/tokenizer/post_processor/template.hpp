#pragma once

#include <string>
#include <vector>

#include "core/tokenizer/post_processor/post_processor.hpp"

namespace tessera::tokenizer {

/// `TemplateProcessing`: puts texts and special tokens together as a list of pieces says.
class TemplateProcessing final : public PostProcessor {
 public:
  struct Piece {
    enum Kind { kFirstText, kSecondText, kSpecialToken } kind;
    uint32_t type_id;
    std::vector<int64_t> ids;         ///< kSpecialToken: what it stands for, mostly one
    std::vector<std::string> tokens;  ///< as many
  };
  /// `single` does not use the second text.
  TemplateProcessing(std::vector<Piece> single, std::vector<Piece> pair)
      : single_(std::move(single)), pair_(std::move(pair)) {}

  void process(std::vector<TokenRun>& runs, SpecialTokens special_tokens) const override;
  size_t added_tokens(bool pair) const override;

 private:
  std::vector<Piece> single_, pair_;
};

}  // namespace tessera::tokenizer
