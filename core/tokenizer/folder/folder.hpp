/// Folders without tokenizer.json: the tokenizer.json that transformers 5.24 makes of vocab.json and
/// merges.txt, of vocab.txt, or of a SentencePiece tokenizer.model, with the settings that stand beside them.
#pragma once

#include <filesystem>

#include "core/tokenizer/json_node.hpp"

namespace tessera::tokenizer {

struct FolderTokenizer {
  JsonDocument json;                 ///< a tokenizer.json
  std::filesystem::path vocabulary;  ///< the file that its vocabulary comes from, for messages
};

/// Throws Error naming file and line, key or byte: kNotFound (no such files), kIo, kCorruptData,
/// kNotSupported (a tokenizer class that is not known). What may be wrong in a tokenizer.json is found when
/// it is loaded.
FolderTokenizer tokenizer_from_folder(const std::filesystem::path& folder);

}  // namespace tessera::tokenizer
