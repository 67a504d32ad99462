#pragma once

#include "core/tokenizer/post_processor/bert.hpp"
#include "core/tokenizer/post_processor/byte_level.hpp"

namespace tessera::tokenizer {

/// `RobertaProcessing`: <s> A </s>, and </s> B </s>; every type id is 0.
class RobertaProcessing final : public PostProcessor {
 public:
  RobertaProcessing(AddedSpecial sep, AddedSpecial cls, ByteLevelPostProcessor offsets)
      : sep_(std::move(sep)), cls_(std::move(cls)), offsets_(offsets) {}

  void process(std::vector<TokenRun>& runs, SpecialTokens special_tokens) const override;
  size_t added_tokens(bool pair) const override { return pair ? 4 : 2; }

 private:
  AddedSpecial sep_, cls_;
  ByteLevelPostProcessor offsets_;
};

}  // namespace tessera::tokenizer
