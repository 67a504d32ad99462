/// The vocabulary files of byte-level BPE and of WordPiece, read as the tokenizers library 0.23 reads them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/tokenizer/folder/special_tokens.hpp"

namespace tessera::tokenizer {

/// Calls of the functions below throw Error with the file: kNotFound, kIo; kCorruptData with the line, or the
/// byte.

/// vocab.json: an object of token and id.
VocabularyIds read_vocab_json(const std::filesystem::path& file);
/// vocab.txt: a token a line, its id the number of the line from 0; white space at the end of a line is no
/// part of it; of equal lines the last counts.
VocabularyIds read_vocab_txt(const std::filesystem::path& file);

using Merge = std::pair<std::string, std::string>;
/// merges.txt: two tokens with a space between them a line, in the order of their ranks; lines that start
/// with
/// "#version" are comments. Parts and result of each must be in `vocabulary`.
std::vector<Merge> read_merges_txt(const std::filesystem::path& file, const VocabularyIds& vocabulary);

}  // namespace tessera::tokenizer
