#include "core/tokenizer/text/change_list.hpp"

#include <algorithm>

namespace tessera::tokenizer {

void apply_changes(AlignedText& text, const std::vector<Change>& changes) {
  const std::string_view old = text.text();
  TextEdit edit(text);
  std::string bytes;
  size_t at = 0;  // the next old character
  const auto skip = [&] {
    if (at < old.size()) at += utf8_length(static_cast<unsigned char>(old[at]));
  };
  for (const auto& [character, change] : changes) {
    bytes.clear();
    append_utf8(bytes, character);
    if (change > 0) {
      // In front of all old characters there is nothing to stand for.
      at == 0 ? edit.write_nothing(bytes) : edit.write(bytes, at - 1);
      continue;
    }
    edit.write(bytes, std::min(at, old.empty() ? 0 : old.size() - 1));
    for (int i = change; i <= 0; ++i) skip();
  }
  edit.commit();
}

}  // namespace tessera::tokenizer
