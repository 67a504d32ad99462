/// GPT2Tokenizer and RobertaTokenizer: the same model, other special tokens.
#include <boost/json.hpp>

#include "core/tokenizer/folder/classes.hpp"
#include "core/tokenizer/folder/post_processor.hpp"
#include "core/tokenizer/folder/vocabulary_files.hpp"

namespace tessera::tokenizer {
namespace {

namespace json = boost::json;

json::object bpe_model(const VocabularyIds& vocabulary, const std::vector<Merge>& pairs) {
  json::array merges;
  merges.reserve(pairs.size());
  for (const auto& [left, right] : pairs) merges.push_back({json::string(left), json::string(right)});
  return {{"type", "BPE"},     {"continuing_subword_prefix", ""},  {"end_of_word_suffix", ""},
          {"fuse_unk", false}, {"vocab", vocab_block(vocabulary)}, {"merges", std::move(merges)}};
}

json::object byte_level(bool add_prefix_space) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", add_prefix_space},
          {"trim_offsets", true},
          {"use_regex", true}};
}

/// All but the post-processor.
json::object byte_level_bpe(const FolderSettings& settings, const VocabularyIds& vocabulary,
                            const std::vector<AddedToken>& tokens) {
  const std::vector<Merge> merges = read_merges_txt(settings.folder() / "merges.txt", vocabulary);
  return {{"added_tokens", added_tokens_block(tokens)},
          {"pre_tokenizer", byte_level(settings.boolean_or("add_prefix_space", false))},
          {"decoder", byte_level(true)},
          {"model", bpe_model(vocabulary, merges)}};
}

}  // namespace

json::object gpt2_tokenizer(const FolderSettings& settings) {
  FolderSpecialTokens special(settings);
  for (const char* name : {"unk_token", "bos_token", "eos_token"}) special.set_default(name, "<|endoftext|>");
  const VocabularyIds vocabulary = read_vocab_json(settings.folder() / "vocab.json");
  const std::vector<AddedToken> tokens = special.numbered(vocabulary);
  json::object tokenizer = byte_level_bpe(settings, vocabulary, tokens);
  tokenizer["post_processor"] = begin_end_template(settings, special, tokens);
  return tokenizer;
}

json::object roberta_tokenizer(const FolderSettings& settings) {
  FolderSpecialTokens special(settings);
  special.set_default("bos_token", "<s>");
  special.set_default("eos_token", "</s>");
  special.set_default("sep_token", "</s>");
  special.set_default("cls_token", "<s>");
  special.set_default("unk_token", "<unk>");
  special.set_default("pad_token", "<pad>");
  special.set_default("mask_token", "<mask>");
  const VocabularyIds vocabulary = read_vocab_json(settings.folder() / "vocab.json");
  const std::vector<AddedToken> tokens = special.numbered(vocabulary);
  json::object tokenizer = byte_level_bpe(settings, vocabulary, tokens);
  const AddedToken &sep = special.at("sep_token"), &cls = special.at("cls_token");
  tokenizer["post_processor"] = {{"type", "RobertaProcessing"},
                                 {"sep", {json::string(sep.content), id_of(sep, tokens)}},
                                 {"cls", {json::string(cls.content), id_of(cls, tokens)}},
                                 {"trim_offsets", settings.boolean_or("trim_offsets", true)},
                                 {"add_prefix_space", settings.boolean_or("add_prefix_space", false)}};
  return tokenizer;
}

}  // namespace tessera::tokenizer
