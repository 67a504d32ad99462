#include "core/tokenizer/model/prefix_tree.hpp"

#include <algorithm>

namespace tessera::tokenizer {

PrefixTree::PrefixTree(std::vector<std::pair<std::string_view, uint32_t>> tokens) {
  std::stable_sort(tokens.begin(), tokens.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // Breadth first: a node is a range of sorted tokens that share their first `depth` bytes.
  struct Range {
    uint32_t node, depth;
    size_t begin, end;
  };
  nodes_.push_back({});
  std::vector<Range> queue{{0, 0, 0, tokens.size()}};
  for (size_t next = 0; next < queue.size(); ++next) {
    auto [node, depth, begin, end] = queue[next];
    while (begin < end && tokens[begin].first.size() == depth) nodes_[node].value = tokens[begin++].second;
    nodes_[node].first_child = static_cast<uint32_t>(nodes_.size());
    while (begin < end) {
      const char byte = tokens[begin].first[depth];
      size_t stop = begin;
      while (stop < end && tokens[stop].first[depth] == byte) ++stop;
      queue.push_back({static_cast<uint32_t>(nodes_.size()), depth + 1, begin, stop});
      nodes_.push_back({0, kNoValue, 0, static_cast<uint8_t>(byte)});
      ++nodes_[node].children;
      begin = stop;
    }
  }
  for (uint32_t i = 0; i < nodes_[0].children; ++i) {
    const uint32_t root = nodes_[0].first_child + i;
    roots_[nodes_[root].byte] = root;
  }
}

}  // namespace tessera::tokenizer
