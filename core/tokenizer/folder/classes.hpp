/// One function a tokenizer class of transformers 5.24: the tokenizer.json that it makes of its files. Each
/// throws Error as tokenizer_from_folder.
#pragma once

#include <boost/json/object.hpp>

#include "core/tokenizer/folder/settings.hpp"

namespace tessera::tokenizer {

boost::json::object bert_tokenizer(const FolderSettings& settings);
boost::json::object gpt2_tokenizer(const FolderSettings& settings);
boost::json::object llama_tokenizer(const FolderSettings& settings);
boost::json::object roberta_tokenizer(const FolderSettings& settings);
/// TokenizersBackend: what the model file itself says, as SentencePiece does it.
boost::json::object sentencepiece_tokenizer(const FolderSettings& settings);

}  // namespace tessera::tokenizer
