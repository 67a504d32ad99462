#include "core/tokenizer/from_json.hpp"

#include <fmt/format.h>

#include "core/tokenizer/model/bpe.hpp"
#include "core/tokenizer/model/unigram.hpp"
#include "core/tokenizer/model/wordlevel.hpp"
#include "core/tokenizer/model/wordpiece.hpp"
#include "core/tokenizer/text/byte_alphabet.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

/// Old files leave the type out; it shows in the keys.
std::string_view model_type(const JsonNode& node) {
  if (const auto type = node.find("type")) return type->string();
  if (node.find("merges")) return "BPE";
  if (node.find("continuing_subword_prefix")) return "WordPiece";
  if (node.at("vocab").is_array()) return "Unigram";
  return node.at("type").string();
}

std::vector<Vocabulary::Entry> vocabulary(const JsonNode& node) {
  std::vector<Vocabulary::Entry> entries;
  const auto members = node.integer_members();
  entries.reserve(members.size());
  for (const auto& [token, id] : members) entries.push_back({token, id});
  return entries;
}

BpeConfig bpe_options(const JsonNode& node) {
  BpeConfig config;
  if (const auto dropout = node.find("dropout"); dropout && dropout->number() != 0) {
    dropout->fail_not_supported("dropout makes encoding random, expected null or 0");
  }
  if (const auto unknown = node.find("unk_token")) config.unk_token = unknown->string();
  config.continuing_subword_prefix = node.string_or("continuing_subword_prefix", "");
  config.end_of_word_suffix = node.string_or("end_of_word_suffix", "");
  config.fuse_unk = node.boolean_or("fuse_unk", false);
  config.byte_fallback = node.boolean_or("byte_fallback", false);
  config.ignore_merges = node.boolean_or("ignore_merges", false);
  return config;
}

/// Whether each character of the byte alphabet is a token, so that no byte is unknown. (An unknown one that
/// is dropped moves the offsets behind it by its length in the written alphabet.)
bool has_byte_alphabet(const JsonNode& vocab) {
  for (const char16_t character : kByteToCharacter) {
    std::string token;
    append_utf8(token, character);
    if (!vocab.find(token)) return false;
  }
  return true;
}

std::unique_ptr<Model> bpe(const JsonNode& node, BpeInput input) {
  BpeConfig config = bpe_options(node);
  config.vocab = vocabulary(node.at("vocab"));
  config.merges = node.at("merges").string_pairs();
  return std::make_unique<Bpe>(config, input);
}

std::unique_ptr<Model> wordpiece(const JsonNode& node) {
  WordPieceConfig config;
  config.vocab = vocabulary(node.at("vocab"));
  config.unk_token = node.at("unk_token").string();
  config.continuing_subword_prefix = node.at("continuing_subword_prefix").string();
  const JsonNode limit = node.at("max_input_chars_per_word");
  if (limit.integer() < 0) limit.fail(fmt::format("expected a count, found {}", limit.integer()));
  config.max_input_chars_per_word = static_cast<size_t>(limit.integer());
  return std::make_unique<WordPiece>(config);
}

std::unique_ptr<Model> unigram(const JsonNode& node) {
  UnigramConfig config;
  config.vocab = node.at("vocab").scored_strings();
  config.byte_fallback = node.boolean_or("byte_fallback", false);
  if (const auto unknown = node.find("unk_id")) {
    const int64_t id = unknown->integer();
    if (id < 0 || id > UINT32_MAX) unknown->fail(fmt::format("unk_id {} is not in the vocabulary", id));
    config.unk_id = static_cast<uint32_t>(id);
  }
  return std::make_unique<Unigram>(config);
}

std::unique_ptr<Model> wordlevel(const JsonNode& node) {
  return std::make_unique<WordLevel>(vocabulary(node.at("vocab")),
                                     std::string(node.at("unk_token").string()));
}

}  // namespace

bool model_can_take_bytes(const JsonNode& node) {
  return model_type(node) == "BPE" && can_take_bytes(bpe_options(node)) &&
         has_byte_alphabet(node.at("vocab"));
}

std::unique_ptr<Model> model_from_json(const JsonNode& node, BpeInput input) {
  try {
    const std::string_view type = model_type(node);
    if (type == "BPE") return bpe(node, input);
    if (type == "WordPiece") return wordpiece(node);
    if (type == "Unigram") return unigram(node);
    if (type == "WordLevel") return wordlevel(node);
    node.fail_not_supported(fmt::format("model '{}' is not implemented", type));
  } catch (Error& error) {
    error.add_key(node.path() + ".vocab");  // what has no key of its own is about the tokens
    throw;
  }
}

}  // namespace tessera::tokenizer
