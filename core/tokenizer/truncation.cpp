#include "core/tokenizer/truncation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

void crop_to(TokenRun& run, size_t length, Direction direction) {
  if (length >= run.size()) return;
  if (direction == Direction::kRight) {
    run.crop(0, length);
  } else {
    run.crop(run.size() - length, run.size());
  }
}

/// The longer text gives first; when both are longer than half, both end at half, the second with the odd
/// token.
std::pair<size_t, size_t> longest_first(size_t first, size_t second, size_t max_length) {
  size_t shorter = std::min(first, second), longer;
  if (shorter > max_length) {
    longer = shorter;
  } else {
    longer = std::max(shorter, max_length - shorter);
  }
  if (shorter + longer > max_length) {
    shorter = max_length / 2;
    longer = shorter + max_length % 2;
  }
  return first > second ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

}  // namespace

void truncate(const Truncation& truncation, size_t max_length, TokenRun& first, TokenRun* second) {
  const size_t total = first.size() + (second ? second->size() : 0);
  if (total <= max_length) return;
  if (max_length == 0 || (truncation.strategy == Truncation::kLongestFirst && !second)) {
    crop_to(first, max_length, truncation.direction);
    if (second) crop_to(*second, max_length, truncation.direction);
    return;
  }
  if (truncation.strategy == Truncation::kLongestFirst) {
    const auto [first_length, second_length] = longest_first(first.size(), second->size(), max_length);
    crop_to(first, first_length, truncation.direction);
    crop_to(*second, second_length, truncation.direction);
    return;
  }
  TokenRun* target = truncation.strategy == Truncation::kOnlyFirst ? &first : second;
  if (!target) {
    throw Error(ErrorCode::kInvalidArgument, "the truncation strategy OnlySecond needs a second text")
        .key("truncation.strategy");
  }
  if (target->size() <= total - max_length) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("cannot take {} tokens off a text of {}", total - max_length, target->size()))
        .key("truncation.strategy");
  }
  crop_to(*target, target->size() - (total - max_length), truncation.direction);
}

void pad(const Padding& padding, size_t longest, TokenRun& run) {
  size_t length = padding.fixed_length.value_or(longest);
  if (padding.pad_to_multiple_of > 0) {
    length =
        (length + padding.pad_to_multiple_of - 1) / padding.pad_to_multiple_of * padding.pad_to_multiple_of;
  }
  if (run.size() >= length) return;
  TokenRun fill(run.detail);
  for (size_t i = run.size(); i < length; ++i) {
    fill.add_special(padding.pad_id, padding.pad_token, padding.pad_type_id, /*attention=*/0);
  }
  if (padding.direction == Direction::kRight) {
    run.append(fill);
  } else {
    fill.append(run);
    run = std::move(fill);
  }
}

}  // namespace tessera::tokenizer
