#include "core/tokenizer/folder/folder.hpp"

#include <boost/json.hpp>

#include "core/tokenizer/folder/classes.hpp"
#include "core/tokenizer/folder/tokenizer_class.hpp"

namespace tessera::tokenizer {
namespace {

struct Recipe {
  boost::json::object (*build)(const FolderSettings& settings);
  const char* vocabulary;
};

Recipe recipe(TokenizerClass kind) {
  switch (kind) {
    case TokenizerClass::kBert:
      return {bert_tokenizer, "vocab.txt"};
    case TokenizerClass::kGpt2:
      return {gpt2_tokenizer, "vocab.json"};
    case TokenizerClass::kLlama:
      return {llama_tokenizer, "tokenizer.model"};
    case TokenizerClass::kRoberta:
      return {roberta_tokenizer, "vocab.json"};
    case TokenizerClass::kSentencePiece:
      break;
  }
  return {sentencepiece_tokenizer, "tokenizer.model"};
}

}  // namespace

FolderTokenizer tokenizer_from_folder(const std::filesystem::path& folder) {
  const FolderSettings settings(folder);
  const Recipe chosen = recipe(tokenizer_class(settings));
  return {JsonDocument(boost::json::value(chosen.build(settings))), folder / chosen.vocabulary};
}

}  // namespace tessera::tokenizer
