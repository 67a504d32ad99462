/// The patterns that most tokenizers use, as code: an order of magnitude faster than a
/// general engine, and equal to it (tests/core/tokenizer/text/known_patterns_test.cpp compares both on
/// hostile texts).
#pragma once

#include <memory>
#include <string_view>

#include "core/tokenizer/text/pattern.hpp"

namespace tessera::tokenizer {

/// GPT-2, and every `ByteLevel` pre-tokenizer with `use_regex`.
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
/// Llama 3 (cl100k): contractions in any case, numbers in threes, line ends with the punctuation before them.
inline constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
/// Qwen 2: the same with numbers digit by digit.
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// What the normalizers of SentencePiece models look for: spaces at both ends, more than one space, a mark at
/// the start. A general engine tries the first anew at each space of a run, and takes the square of its
/// length.
inline constexpr std::string_view kOuterSpacesPattern = R"(\A +| +\z)";
inline constexpr std::string_view kSpaceRunPattern = " {2,}";
inline constexpr std::string_view kLeadingMarkPattern = R"(\A▁)";

/// The matcher of an expression that equals one of the above, else null.
std::unique_ptr<Pattern> known_pattern(std::string_view expression);

}  // namespace tessera::tokenizer
