#include "core/tokenizer/pre_tokenizer/metaspace.hpp"

#include <algorithm>

#include "core/tokenizer/text/split.hpp"

namespace tessera::tokenizer {

void MetaspacePreTokenizer::pre_tokenize(PreTokenizedText& text) const {
  text.rewrite([&](TextEdit& edit, Span piece) {
    if (prepends(text, piece)) edit.write(config_.replacement, piece.begin);
    write_marks(edit, text.text.text(), piece);
  });
  if (config_.split) cut_before_marks(text);
}

bool MetaspacePreTokenizer::prepends(const PreTokenizedText& text, Span piece) const {
  if (config_.prepend_scheme == PrependScheme::kNever) return false;
  const std::string_view start = text.piece(piece);
  if (start.front() == ' ' || start.substr(0, config_.replacement.size()) == config_.replacement)
    return false;
  return config_.prepend_scheme == PrependScheme::kAlways || text.text.source_begin(piece.begin) == 0;
}

void MetaspacePreTokenizer::write_marks(TextEdit& edit, std::string_view text, Span piece) const {
  for (uint32_t at = piece.begin; at < piece.end;) {
    const auto space = static_cast<uint32_t>(std::min<size_t>(text.find(' ', at), piece.end));
    edit.keep({at, space});
    if (space < piece.end) edit.write(config_.replacement, space);
    at = space + 1;
  }
}

void MetaspacePreTokenizer::cut_before_marks(PreTokenizedText& text) const {
  const auto mark_size = static_cast<uint32_t>(config_.replacement.size());
  std::vector<Span> matches, pieces;
  for (const Span piece : text.pieces) {
    matches.clear();
    const std::string_view part = text.piece(piece);
    for (size_t at = part.find(config_.replacement); at != part.npos;
         at = part.find(config_.replacement, at + mark_size)) {
      matches.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(at) + mark_size});
    }
    split_at(matches, piece.size(), SplitBehavior::kMergedWithNext, Delimiters::kMatches, piece.begin,
             pieces);
  }
  text.pieces = std::move(pieces);
}

}  // namespace tessera::tokenizer
