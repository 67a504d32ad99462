#pragma once

#include <string>

#include "core/tokenizer/post_processor/post_processor.hpp"

namespace tessera::tokenizer {

/// A token that a post-processor adds.
struct AddedSpecial {
  std::string token;
  int64_t id;
};

/// `BertProcessing`: [CLS] A [SEP], and B [SEP] with type id 1.
class BertProcessing final : public PostProcessor {
 public:
  BertProcessing(AddedSpecial sep, AddedSpecial cls) : sep_(std::move(sep)), cls_(std::move(cls)) {}

  void process(std::vector<TokenRun>& runs, SpecialTokens special_tokens) const override;
  size_t added_tokens(bool pair) const override { return pair ? 3 : 2; }

 private:
  AddedSpecial sep_, cls_;
};

}  // namespace tessera::tokenizer
