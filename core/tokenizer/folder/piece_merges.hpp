/// Merges of BPE, which SentencePiece's files do not hold: each way to cut a piece into two pieces is one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tessera::tokenizer {

/// Ways to cut the texts, text after text, each by the length of its left part. A part must be one of `texts`
/// itself. The views are of `texts`, which are valid UTF-8. Takes time linear in the texts for each length
/// that occurs among them.
std::vector<std::pair<std::string_view, std::string_view>> piece_merges(
    const std::vector<std::string_view>& texts);

}  // namespace tessera::tokenizer
