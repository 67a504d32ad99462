#include "core/tokenizer/text/split.hpp"

namespace tessera::tokenizer {
namespace {

struct Part {
  Span span;
  bool delimiter;
};

/// The text as parts that alternate between matches and the gaps between them; empty gaps are no parts.
std::vector<Part> parts_of(const std::vector<Span>& matches, uint32_t size, Delimiters delimiters) {
  const bool match_is_delimiter = delimiters == Delimiters::kMatches;
  std::vector<Part> parts;
  parts.reserve(matches.size() * 2 + 1);
  uint32_t at = 0;
  for (const Span match : matches) {
    if (at != match.begin) parts.push_back({{at, match.begin}, !match_is_delimiter});
    parts.push_back({match, match_is_delimiter});
    at = match.end;
  }
  if (at != size) parts.push_back({{at, size}, !match_is_delimiter});
  return parts;
}

void keep(Span span, uint32_t origin, std::vector<Span>& pieces) {
  if (span.size() != 0) pieces.push_back({span.begin + origin, span.end + origin});
}

void merge_with_next(const std::vector<Part>& parts, uint32_t origin, std::vector<Span>& pieces) {
  for (size_t i = 0; i < parts.size(); ++i) {
    Span span = parts[i].span;
    // Of several delimiters in a row only the last joins what follows.
    if (parts[i].delimiter && i + 1 < parts.size() && !parts[i + 1].delimiter) span.end = parts[++i].span.end;
    keep(span, origin, pieces);
  }
}

/// Joins neighbours where `joins(previous, current)` says so.
template <typename Joins>
void merge_backwards(const std::vector<Part>& parts, uint32_t origin, std::vector<Span>& pieces,
                     Joins joins) {
  for (size_t i = 0; i < parts.size();) {
    Span span = parts[i].span;
    for (++i; i < parts.size() && joins(parts[i - 1], parts[i]); ++i) span.end = parts[i].span.end;
    keep(span, origin, pieces);
  }
}

}  // namespace

void split_at(const std::vector<Span>& matches, uint32_t size, SplitBehavior behavior, Delimiters delimiters,
              uint32_t origin, std::vector<Span>& pieces) {
  const std::vector<Part> parts = parts_of(matches, size, delimiters);
  switch (behavior) {
    case SplitBehavior::kIsolated:
      for (const Part& part : parts) keep(part.span, origin, pieces);
      return;
    case SplitBehavior::kRemoved:
      for (const Part& part : parts) {
        if (!part.delimiter) keep(part.span, origin, pieces);
      }
      return;
    case SplitBehavior::kMergedWithNext:
      return merge_with_next(parts, origin, pieces);
    case SplitBehavior::kMergedWithPrevious:
      // Of several delimiters in a row only the first joins what stands before.
      return merge_backwards(parts, origin, pieces, [](const Part& previous, const Part& part) {
        return part.delimiter && !previous.delimiter;
      });
    case SplitBehavior::kContiguous:
      return merge_backwards(parts, origin, pieces, [](const Part& previous, const Part& part) {
        return part.delimiter == previous.delimiter;
      });
  }
}

}  // namespace tessera::tokenizer
