#include "core/tokenizer/text/aligned_text.hpp"

#include <utility>

#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {

Span AlignedText::source(size_t at) const noexcept {
  if (edited_) return alignment_[at];
  size_t begin = at;
  while (is_utf8_continuation(view_[begin])) --begin;
  const auto start = static_cast<uint32_t>(origin_ + begin);
  return {start, start + static_cast<uint32_t>(utf8_length(static_cast<unsigned char>(view_[begin])))};
}

AlignedText AlignedText::slice(Span range) const {
  AlignedText part(text().substr(range.begin, range.size()), origin_ + range.begin,
                   tracked_ ? Tracking::kOn : Tracking::kOff);
  if (edited_ && tracked_) {
    part.owned_ = part.view_;
    part.alignment_.assign(alignment_.begin() + range.begin, alignment_.begin() + range.end);
    part.edited_ = true;
  }
  return part;
}

TextEdit::TextEdit(AlignedText& text) : text_(text) {
  bytes_.reserve(text.text().size() + text.text().size() / 8 + 8);
  if (text.tracked_) alignment_.reserve(bytes_.capacity());
}

void TextEdit::keep(Span range) {
  bytes_.append(text_.text(), range.begin, range.size());
  if (!text_.tracked_) return;
  for (uint32_t at = range.begin; at < range.end; ++at) alignment_.push_back(text_.source(at));
}

void TextEdit::write(std::string_view bytes, size_t like) {
  bytes_ += bytes;
  if (!text_.tracked_) return;
  const Span source = text_.empty() ? Span{text_.origin_, text_.origin_} : text_.source(like);
  alignment_.insert(alignment_.end(), bytes.size(), source);
}

void TextEdit::write_nothing(std::string_view bytes) {
  bytes_ += bytes;
  if (text_.tracked_) alignment_.insert(alignment_.end(), bytes.size(), Span{text_.origin_, text_.origin_});
}

void TextEdit::commit() {
  text_.owned_ = std::move(bytes_);
  text_.alignment_ = std::move(alignment_);
  text_.edited_ = true;
}

}  // namespace tessera::tokenizer
