/// The loop at the heart of BPE.
#pragma once

#include <vector>

#include "core/tokenizer/model/merge_table.hpp"
#include "core/tokenizer/model/model.hpp"

namespace tessera::tokenizer {

/// Merges neighbouring symbols in place until no pair of them is in `merges`: always the pair of the lowest
/// rank, the leftmost of equals. Symbols [from, end) of the vector are the word. Time n log n in the length
/// of the word.
void merge_symbols(const MergeTable& merges, std::vector<ModelToken>& symbols, size_t from);

}  // namespace tessera::tokenizer
