/// The tokens of a text on their way through post-processing.
#pragma once

#include <string>

#include "core/tokenizer/encoding.hpp"

namespace tessera::tokenizer {

/// How much of an Encoding is wanted. Ids alone are what a generator needs, at a fraction of the cost.
enum class Detail { kIds, kFull };

/// An Encoding of which, with Detail::kIds, only `ids` is filled.
struct TokenRun {
  explicit TokenRun(Detail d) : detail(d) {}

  size_t size() const noexcept { return encoding.ids.size(); }
  bool full() const noexcept { return detail == Detail::kFull; }

  /// A token that stands for no part of the text.
  void add_special(int64_t id, const std::string& token, uint32_t type_id, uint32_t attention = 1);
  void append(const TokenRun& other);
  void set_type_id(uint32_t type_id);
  /// Keeps tokens [begin, end).
  void crop(size_t begin, size_t end);

  Detail detail;
  Encoding encoding;
};

}  // namespace tessera::tokenizer
