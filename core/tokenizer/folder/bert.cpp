/// BertTokenizer.
#include <boost/json.hpp>

#include "core/tokenizer/folder/classes.hpp"
#include "core/tokenizer/folder/post_processor.hpp"
#include "core/tokenizer/folder/vocabulary_files.hpp"

namespace tessera::tokenizer {
namespace {

namespace json = boost::json;

json::object normalizer(const FolderSettings& settings) {
  const std::optional<bool> strip_accents = settings.boolean("strip_accents");  // null: as lowercase says
  return {{"type", "BertNormalizer"},
          {"clean_text", true},
          {"handle_chinese_chars", settings.boolean_or("tokenize_chinese_chars", true)},
          {"strip_accents", strip_accents ? json::value(*strip_accents) : json::value()},
          {"lowercase", settings.boolean_or("do_lower_case", true)}};
}

json::object wordpiece(const VocabularyIds& vocabulary, const AddedToken& unknown) {
  return {{"type", "WordPiece"},
          {"unk_token", unknown.content},
          {"continuing_subword_prefix", "##"},
          {"max_input_chars_per_word", 100},
          {"vocab", vocab_block(vocabulary)}};
}

}  // namespace

json::object bert_tokenizer(const FolderSettings& settings) {
  FolderSpecialTokens special(settings);
  special.set_default("unk_token", "[UNK]");
  special.set_default("sep_token", "[SEP]");
  special.set_default("pad_token", "[PAD]");
  special.set_default("cls_token", "[CLS]");
  special.set_default("mask_token", "[MASK]");
  const VocabularyIds vocabulary = read_vocab_txt(settings.folder() / "vocab.txt");
  const std::vector<AddedToken> tokens = special.numbered(vocabulary);
  return {{"added_tokens", added_tokens_block(tokens)},
          {"normalizer", normalizer(settings)},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor", bert_template(special, tokens)},
          {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
          {"model", wordpiece(vocabulary, special.at("unk_token"))}};
}

}  // namespace tessera::tokenizer
