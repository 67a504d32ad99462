/// Text that remembers where it came from: a stretch of the input, rewritten by normalizers and
/// pre-tokenizers, with the bytes of the input that each byte of it stands for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::tokenizer {

/// Half-open range of bytes. Texts are below 4 GiB (checked at the public entry points).
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t size() const noexcept { return end - begin; }
};

/// Whether a text keeps its alignment. Ids alone need none, and then every edit costs only its bytes.
enum class Tracking { kOff, kOn };

/// A stretch of the input and its rewritten form. Until the first edit it is a view into the input (which
/// must outlive it) and its alignment is implied: a byte stands for the character that it belongs to. Movable
/// and copyable; not shared between threads.
class AlignedText {
 public:
  /// `input[origin]` on, `text.size()` bytes: `text` as it stands in the input.
  AlignedText(std::string_view text, uint32_t origin, Tracking tracking)
      : view_(text), origin_(origin), tracked_(tracking == Tracking::kOn) {}

  std::string_view text() const noexcept { return edited_ ? std::string_view(owned_) : view_; }
  bool empty() const noexcept { return text().empty(); }
  bool tracked() const noexcept { return tracked_; }

  /// The bytes of the input that byte `at` of text() stands for. Only with tracking.
  Span source(size_t at) const noexcept;
  /// The bytes of the input that the non-empty range stands for: from the first byte's begin to the last
  /// one's end.
  Span source(Span range) const noexcept { return {source(range.begin).begin, source(range.end - 1).end}; }

  /// Where in the input byte `at` begins. Without tracking only known while the text is unedited, else a
  /// guess: who needs it asks for tracking.
  uint32_t source_begin(size_t at) const noexcept {
    return tracked_ ? source(at).begin : origin_ + static_cast<uint32_t>(at);
  }

  /// A part of this text as a text of its own; it views this one while this one lives unedited.
  AlignedText slice(Span range) const;

 private:
  friend class TextEdit;
  std::string_view view_;
  std::string owned_;
  std::vector<Span> alignment_;  // one entry a byte of owned_, when edited and tracked
  uint32_t origin_;
  bool tracked_;
  bool edited_ = false;
};

/// Rewrites an AlignedText from front to back: what is neither kept nor written is gone. `commit` puts the
/// new text in place; without it nothing changes.
class TextEdit {
 public:
  explicit TextEdit(AlignedText& text);

  /// Copies a range of the old text with its alignment.
  void keep(Span range);
  /// Appends new bytes that stand for the same input as byte `like` of the old text. When the old text is not
  /// tracked, or is empty, they stand for nothing.
  void write(std::string_view bytes, size_t like);
  void write(char byte, size_t like) {
    bytes_ += byte;
    if (text_.tracked_) alignment_.push_back(text_.source(like));
  }
  /// Appends new bytes that stand for no input: an empty range at its start.
  void write_nothing(std::string_view bytes);
  /// Bytes written so far: the position in the new text.
  uint32_t size() const noexcept { return static_cast<uint32_t>(bytes_.size()); }
  void commit();

 private:
  AlignedText& text_;
  std::string bytes_;
  std::vector<Span> alignment_;
};

}  // namespace tessera::tokenizer
