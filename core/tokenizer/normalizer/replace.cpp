#include "core/tokenizer/normalizer/replace.hpp"

namespace tessera::tokenizer {

void ReplaceNormalizer::normalize(AlignedText& text) const {
  std::vector<Span> matches;
  pattern_->find(text.text(), matches);
  if (matches.empty()) return;
  TextEdit edit(text);
  uint32_t at = 0;
  for (const Span match : matches) {
    edit.keep({at, match.begin});
    // An empty match at the start has nothing before it to stand for.
    match.end == 0 ? edit.write_nothing(content_) : edit.write(content_, match.end - 1);
    at = match.end;
  }
  edit.keep({at, static_cast<uint32_t>(text.text().size())});
  edit.commit();
}

}  // namespace tessera::tokenizer
