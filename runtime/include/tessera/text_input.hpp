/// What goes into an encoder: a text, or two that belong together.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "tessera/generate.hpp"

namespace tessera {

/// A text, or a pair (premise and hypothesis, question and context, query and passage). An empty second text
/// counts as none, as in Hugging Face's tokenizers.
struct TextInput {
  // NOLINTBEGIN(google-explicit-constructor): a text is what one has.
  TextInput(const char* text) : text(text) {}
  TextInput(std::string text) : text(std::move(text)) {}
  TextInput(std::string_view text) : text(text) {}
  // NOLINTEND(google-explicit-constructor)
  TextInput(std::string text, std::string pair) : text(std::move(text)), pair(std::move(pair)) {}

  std::string text;
  std::string pair;  ///< empty: none
};

/// Called for a text that was cut: its index among the inputs, its tokens, and how many of them are kept.
using TruncationFn = std::function<void(size_t index, int64_t tokens, int64_t kept)>;

/// What all runs over texts take.
struct TextRunOptions {
  TruncationFn on_truncated = {};
  ProgressFn progress = {};
  std::stop_token cancel = {};
};

}  // namespace tessera
