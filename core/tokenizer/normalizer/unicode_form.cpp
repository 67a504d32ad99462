#include "core/tokenizer/normalizer/unicode_form.hpp"

#include <algorithm>

#include "core/tokenizer/text/change_list.hpp"
#include "core/tokenizer/text/unicode.hpp"

namespace tessera::tokenizer {
namespace {

/// Whether every form leaves the text as it is.
bool is_plain(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char byte) { return byte & 0x80; });
}

/// Sorts each run of combining characters by class, keeping the order within a class.
void order_canonically(std::vector<Change>& changes) {
  for (size_t i = 0; i < changes.size();) {
    if (combining_class(changes[i].character) == 0) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < changes.size() && combining_class(changes[end].character) != 0) ++end;
    std::stable_sort(changes.begin() + static_cast<std::ptrdiff_t>(i),
                     changes.begin() + static_cast<std::ptrdiff_t>(end),
                     [](const Change& a, const Change& b) {
                       return combining_class(a.character) < combining_class(b.character);
                     });
    i = end;
  }
}

std::vector<Change> decompose(std::string_view text, Decomposition kind) {
  std::vector<Change> changes;
  changes.reserve(text.size());
  std::vector<char32_t> parts;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    parts.clear();
    append_decomposition(parts, c.value, kind);
    for (size_t i = 0; i < parts.size(); ++i) changes.push_back({parts[i], i == 0 ? 0 : 1});
    at += c.length;
  }
  order_canonically(changes);
  return changes;
}

/// Canonical composition: a character joins the last starter unless one of the same or a higher class stands
/// between.
std::vector<Change> compose(const std::vector<Change>& decomposed) {
  std::vector<Change> changes;
  changes.reserve(decomposed.size());
  size_t starter = SIZE_MAX;
  int last_class = 0;  // of the characters kept behind the starter; 0: none
  for (const Change& next : decomposed) {
    const int next_class = combining_class(next.character);
    const bool blocked = last_class != 0 && last_class >= next_class;
    const char32_t composite =
        starter == SIZE_MAX || blocked ? 0 : tokenizer::compose(changes[starter].character, next.character);
    if (composite != 0) {
      changes[starter] = {composite, changes[starter].change + next.change - 1};
      continue;
    }
    if (next_class == 0) starter = changes.size();
    if (next_class == 0 || starter != SIZE_MAX) last_class = next_class;
    changes.push_back(next);
  }
  return changes;
}

}  // namespace

void UnicodeForm::normalize(AlignedText& text) const {
  if (is_plain(text.text())) return;
  const bool compatibility = form_ == kNfkc || form_ == kNfkd;
  std::vector<Change> changes =
      decompose(text.text(), compatibility ? Decomposition::kCompatibility : Decomposition::kCanonical);
  if (form_ == kNfc || form_ == kNfkc) changes = compose(changes);
  apply_changes(text, changes);
}

}  // namespace tessera::tokenizer
