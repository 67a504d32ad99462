/// A pre-tokenizer cuts text into pieces, the most that a token may span, and may rewrite them.
#pragma once

#include <utility>
#include <vector>

#include "core/tokenizer/text/aligned_text.hpp"

namespace tessera::tokenizer {

/// A stretch of normalized text between added tokens, and the pieces it is cut into so far: ranges in order,
/// disjoint, none empty. They need not cover the text.
struct PreTokenizedText {
  explicit PreTokenizedText(AlignedText whole) : text(std::move(whole)) {
    if (!text.empty()) pieces.push_back({0, static_cast<uint32_t>(text.text().size())});
  }

  std::string_view piece(Span span) const noexcept { return text.text().substr(span.begin, span.size()); }

  /// Rewrites the text piece by piece: `write(edit, piece)` puts what becomes of a piece. What lies between
  /// pieces is gone, pieces that become empty too.
  template <typename Write>
  void rewrite(Write write) {
    TextEdit edit(text);
    std::vector<Span> rewritten;
    rewritten.reserve(pieces.size());
    for (const Span piece : pieces) {
      const uint32_t begin = edit.size();
      write(edit, piece);
      if (edit.size() != begin) rewritten.push_back({begin, edit.size()});
    }
    edit.commit();
    pieces = std::move(rewritten);
  }

  AlignedText text;
  std::vector<Span> pieces;
};

/// Immutable after construction: const methods from any thread.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Cuts and rewrites each piece on its own.
  virtual void pre_tokenize(PreTokenizedText& text) const = 0;
  /// Whether the result depends on where in the input a piece stands, in a way that only the alignment of the
  /// text can tell. `edited`: the text may have been rewritten before this step.
  virtual bool needs_source(bool edited) const { return static_cast<void>(edited), false; }
};

}  // namespace tessera::tokenizer
