#include "core/tokenizer/post_processor/bert.hpp"

namespace tessera::tokenizer {

void BertProcessing::process(std::vector<TokenRun>& runs, SpecialTokens special_tokens) const {
  if (special_tokens == SpecialTokens::kOmit) return;
  for (size_t i = 0; i < runs.size(); ++i) {
    const uint32_t type_id = i == 0 ? 0 : 1;
    TokenRun run(runs[i].detail);
    if (i == 0) run.add_special(cls_.id, cls_.token, type_id);
    run.append(runs[i]);
    run.add_special(sep_.id, sep_.token, type_id);
    runs[i] = std::move(run);
  }
}

}  // namespace tessera::tokenizer
