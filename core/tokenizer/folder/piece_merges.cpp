#include "core/tokenizer/folder/piece_merges.hpp"

#include <algorithm>
#include <unordered_set>

namespace tessera::tokenizer {

std::vector<std::pair<std::string_view, std::string_view>> piece_merges(
    const std::vector<std::string_view>& texts) {
  const std::unordered_set<std::string_view> known(texts.begin(), texts.end());
  // Only lengths that occur are tried, so that one text of megabytes costs no square of its length.
  std::vector<size_t> lengths;
  for (const std::string_view text : texts) lengths.push_back(text.size());
  std::sort(lengths.begin(), lengths.end());
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());

  std::vector<std::pair<std::string_view, std::string_view>> merges;
  for (const std::string_view text : texts) {
    for (const size_t length : lengths) {
      if (length >= text.size()) break;
      if (length == 0 || !std::binary_search(lengths.begin(), lengths.end(), text.size() - length)) continue;
      const std::string_view left = text.substr(0, length), right = text.substr(length);
      if (known.count(left) != 0 && known.count(right) != 0) merges.emplace_back(left, right);
    }
  }
  return merges;
}

}  // namespace tessera::tokenizer
