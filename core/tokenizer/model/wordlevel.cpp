#include "core/tokenizer/model/wordlevel.hpp"

#include <fmt/format.h>

#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {

void WordLevel::tokenize(std::string_view piece, std::vector<ModelToken>& out) const {
  auto id = vocabulary_.find(piece);
  if (!id) id = vocabulary_.find(unk_token_);
  if (!id) {
    throw Error(
        ErrorCode::kCorruptData,
        fmt::format("the text needs the unknown token '{}', which is not in the vocabulary", unk_token_))
        .key("model.unk_token");
  }
  out.push_back({*id, static_cast<uint32_t>(piece.size()), 0, 0});
}

}  // namespace tessera::tokenizer
