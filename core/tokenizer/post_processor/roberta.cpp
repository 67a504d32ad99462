#include "core/tokenizer/post_processor/roberta.hpp"

namespace tessera::tokenizer {

void RobertaProcessing::process(std::vector<TokenRun>& runs, SpecialTokens special_tokens) const {
  offsets_.process(runs, special_tokens);
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].set_type_id(0);
    if (special_tokens == SpecialTokens::kOmit) continue;
    const AddedSpecial& first = i == 0 ? cls_ : sep_;
    TokenRun run(runs[i].detail);
    run.add_special(first.id, first.token, 0);
    run.append(runs[i]);
    run.add_special(sep_.id, sep_.token, 0);
    runs[i] = std::move(run);
  }
}

}  // namespace tessera::tokenizer
