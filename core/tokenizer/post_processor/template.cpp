#include "core/tokenizer/post_processor/template.hpp"

#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

TokenRun special_run(const TemplateProcessing::Piece& piece, Detail detail) {
  TokenRun run(detail);
  for (size_t i = 0; i < piece.ids.size(); ++i) run.add_special(piece.ids[i], piece.tokens[i], piece.type_id);
  return run;
}

}  // namespace

void TemplateProcessing::process(std::vector<TokenRun>& runs, SpecialTokens special_tokens) const {
  if (runs.empty() || runs.size() > 2) {
    throw Error(ErrorCode::kNotSupported, "a template behind a template: it is made for one text or two")
        .key("post_processor");
  }
  std::vector<TokenRun> result;
  for (const Piece& piece : runs.size() == 2 ? pair_ : single_) {
    if (piece.kind == Piece::kSpecialToken) {
      if (special_tokens == SpecialTokens::kAdd) result.push_back(special_run(piece, runs[0].detail));
      continue;
    }
    result.push_back(runs[piece.kind == Piece::kSecondText ? 1 : 0]);
    result.back().set_type_id(piece.type_id);
  }
  runs = std::move(result);
}

size_t TemplateProcessing::added_tokens(bool pair) const {
  size_t count = 0;
  for (const Piece& piece : pair ? pair_ : single_) count += piece.ids.size();
  return count;
}

}  // namespace tessera::tokenizer
