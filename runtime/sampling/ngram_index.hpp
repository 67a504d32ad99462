/// Where the last tokens of a growing text stood before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace tessera::sampling {

/// Of one length n >= 0 of runs. The text stays the caller's; push() and pop() are told it as it stands then.
/// Adding and taking back a token cost O(n), whatever the length of the text. Not thread-safe.
class NgramIndex {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  explicit NgramIndex(size_t length) : length_(length) {}

  /// `text` is one token longer than at the last call.
  void push(std::span<const int64_t> text);
  /// `text` still has the token that is taken back.
  void pop(std::span<const int64_t> text);

  /// The largest end e < text.size() with text[e - n, e) equal to the last n tokens; kNone when there is
  /// none. The token that followed is text[e].
  size_t latest(std::span<const int64_t> text) const { return earlier(text, text.size()); }
  /// The next one before `end`, where end is an answer of latest() or earlier().
  size_t earlier(std::span<const int64_t> text, size_t end) const;

 private:
  std::span<const int64_t> run(std::span<const int64_t> text, size_t end) const {
    return text.subspan(end - length_, length_);
  }

  size_t length_;
  std::unordered_map<uint64_t, size_t> last_;  ///< hash of a run -> its latest end
  std::vector<size_t> before_;                 ///< by end: the end before it with the same hash
};

}  // namespace tessera::sampling
