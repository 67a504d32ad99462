/// Which class of transformers a folder without tokenizer.json is for.
#pragma once

#include "core/tokenizer/folder/settings.hpp"

namespace tessera::tokenizer {

enum class TokenizerClass {
  kBert,           ///< BertTokenizer: vocab.txt
  kGpt2,           ///< GPT2Tokenizer: vocab.json, merges.txt
  kLlama,          ///< LlamaTokenizer: tokenizer.model, all but its pieces ignored
  kRoberta,        ///< RobertaTokenizer: vocab.json, merges.txt
  kSentencePiece,  ///< no class of its own: tokenizer.model, as SentencePiece itself would do
};

/// As AutoTokenizer of transformers 5.24 chooses by `tokenizer_class` and `model_type`; where both say
/// nothing of use, by the files that are there. Throws Error kNotSupported for a class that is not known
/// here, kNotFound when there are no tokenizer files.
TokenizerClass tokenizer_class(const FolderSettings& settings);

}  // namespace tessera::tokenizer
