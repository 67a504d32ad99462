/// WordLevel: a piece is a token or unknown.
#pragma once

#include <string>

#include "core/tokenizer/model/model.hpp"

namespace tessera::tokenizer {

class WordLevel final : public Model {
 public:
  WordLevel(const std::vector<Vocabulary::Entry>& vocab, std::string unk_token)
      : Model(Vocabulary(vocab)), unk_token_(std::move(unk_token)) {}

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override;

 private:
  std::string unk_token_;
};

}  // namespace tessera::tokenizer
