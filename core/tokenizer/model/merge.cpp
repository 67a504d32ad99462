#include "core/tokenizer/model/merge.hpp"

#include <algorithm>
#include <functional>

namespace tessera::tokenizer {
namespace {

/// Up to here the scan for the lowest rank costs less than a heap.
constexpr size_t kShortWord = 48;

/// A short word: the ranks of all pairs side by side, the lowest found by looking at each.
void merge_short(const MergeTable& merges, ModelToken* symbols, size_t& count) {
  MergeTable::Merge pairs[kShortWord];  // pairs[i]: symbols i and i + 1
  for (size_t i = 0; i + 1 < count; ++i) pairs[i] = merges.find(symbols[i].id, symbols[i + 1].id);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (pairs[i].rank < pairs[best].rank) best = i;
    }
    if (pairs[best].rank == MergeTable::kNone) return;
    symbols[best].id = pairs[best].id;
    symbols[best].length += symbols[best + 1].length;
    std::move(symbols + best + 2, symbols + count, symbols + best + 1);
    std::move(pairs + best + 1, pairs + count - 1, pairs + best);
    --count;
    if (best > 0) pairs[best - 1] = merges.find(symbols[best - 1].id, symbols[best].id);
    if (best + 1 < count) pairs[best] = merges.find(symbols[best].id, symbols[best + 1].id);
  }
}

/// A long word: a linked list of symbols and a heap of candidate pairs. A candidate is (rank, position of its
/// left symbol); it is stale when that position's pair has another rank by now, and ranks are unique to a
/// pair.
class LongWord {
 public:
  LongWord(const MergeTable& merges, ModelToken* symbols, size_t count)
      : merges_(merges), symbols_(symbols), links_(count), pairs_(count) {
    for (size_t i = 0; i < count; ++i) {
      links_[i] = {static_cast<uint32_t>(i) - 1, static_cast<uint32_t>(i) + 1};
    }
    links_.back().next = kEnd;
    heap_.reserve(count * 2);
    for (size_t i = 0; i + 1 < count; ++i) find_pair(static_cast<uint32_t>(i));
  }

  /// Returns the number of symbols left.
  size_t merge() {
    while (!heap_.empty()) {
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      const uint64_t candidate = heap_.back();
      heap_.pop_back();
      const auto at = static_cast<uint32_t>(candidate);
      if (pairs_[at].rank == candidate >> 32) merge_at(at);
    }
    size_t count = 0;
    for (uint32_t at = 0; at != kEnd; at = links_[at].next) symbols_[count++] = symbols_[at];
    return count;
  }

 private:
  static constexpr uint32_t kEnd = UINT32_MAX;
  struct Link {
    uint32_t previous, next;
  };

  void find_pair(uint32_t at) {
    pairs_[at] = merges_.find(symbols_[at].id, symbols_[links_[at].next].id);
    if (pairs_[at].rank == MergeTable::kNone) return;
    heap_.push_back(uint64_t{pairs_[at].rank} << 32 | at);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  void merge_at(uint32_t at) {
    const uint32_t right = links_[at].next;
    symbols_[at].id = pairs_[at].id;
    symbols_[at].length += symbols_[right].length;
    links_[at].next = links_[right].next;
    pairs_[right].rank = MergeTable::kNone;
    pairs_[at].rank = MergeTable::kNone;
    if (links_[at].next != kEnd) {
      links_[links_[at].next].previous = at;
      find_pair(at);
    }
    if (links_[at].previous != kEnd) find_pair(links_[at].previous);
  }

  const MergeTable& merges_;
  ModelToken* symbols_;
  std::vector<Link> links_;
  std::vector<MergeTable::Merge> pairs_;
  std::vector<uint64_t> heap_;
};

}  // namespace

void merge_symbols(const MergeTable& merges, std::vector<ModelToken>& symbols, size_t from) {
  size_t count = symbols.size() - from;
  if (count < 2) return;
  if (count <= kShortWord) {
    merge_short(merges, symbols.data() + from, count);
  } else {
    count = LongWord(merges, symbols.data() + from, count).merge();
  }
  symbols.resize(from + count);
}

}  // namespace tessera::tokenizer
