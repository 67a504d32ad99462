/// What a folder of sentence-transformers says: its modules in order, lengths, prompts.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/encoder/dense.hpp"
#include "runtime/encoder/pooling.hpp"

namespace tessera {

/// Both spellings are read: that of version 2 (sentence_transformers.models.Pooling,
/// pooling_mode_mean_tokens) and that of version 6 (...modules.pooling.Pooling, "pooling_mode": "mean").
struct SentenceFolder {
  std::filesystem::path transformer;     ///< the folder of config.json and weights
  std::optional<PoolingConfig> pooling;  ///< nothing: the folder does not say
  std::vector<Dense> dense;              ///< in order
  bool normalize = false;
  std::optional<int64_t> max_seq_length;  ///< tokens
  bool do_lower_case = false;             ///< of the text, before the tokenizer
  std::map<std::string, std::string> prompts;
  std::string default_prompt_name;
  std::string similarity_fn_name = "cosine";
};

/// Throws Error with file and key: kNotFound, kCorruptData, kNotSupported naming a module that is not
/// implemented.
SentenceFolder read_sentence_folder(const std::filesystem::path& folder);

}  // namespace tessera
