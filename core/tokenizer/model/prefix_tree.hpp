/// All tokens that a text starts with.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera::tokenizer {

/// A trie over bytes; the children of a node stand side by side, in order. Immutable after construction: any
/// thread.
class PrefixTree {
 public:
  /// Of equal tokens the last one counts. Empty tokens are never found.
  explicit PrefixTree(std::vector<std::pair<std::string_view, uint32_t>> tokens);

  /// Calls `found(length, value)` for each token that `text` starts with, from the shortest to the longest.
  template <typename Found>
  void for_each_prefix(std::string_view text, Found found) const {
    uint32_t node = 0;
    for (size_t length = 1; length <= text.size(); ++length) {
      node = child(node, static_cast<unsigned char>(text[length - 1]));
      if (node == 0) return;
      if (nodes_[node].value != kNoValue) found(length, nodes_[node].value);
    }
  }

 private:
  static constexpr uint32_t kNoValue = UINT32_MAX;
  struct Node {
    uint32_t first_child = 0;
    uint32_t value = kNoValue;
    uint16_t children = 0;
    uint8_t byte = 0;
  };

  uint32_t child(uint32_t node, uint8_t byte) const noexcept {
    if (node == 0) return roots_[byte];
    const Node* begin = nodes_.data() + nodes_[node].first_child;
    uint32_t count = nodes_[node].children;
    while (count > 8) {  // halve, then look at each
      const uint32_t half = count / 2;
      if (begin[half].byte <= byte)
        begin += half, count -= half;
      else
        count = half;
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (begin[i].byte == byte) return static_cast<uint32_t>(begin + i - nodes_.data());
    }
    return 0;
  }

  std::vector<Node> nodes_;
  std::array<uint32_t, 256> roots_{};  // children of the root by byte; 0: none
};

}  // namespace tessera::tokenizer
