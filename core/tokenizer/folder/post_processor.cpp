#include "core/tokenizer/folder/post_processor.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace tessera::tokenizer {
namespace {

namespace json = boost::json;

json::object text(const char* id, int type_id) {
  return {{"Sequence", {{"id", id}, {"type_id", type_id}}}};
}

json::object special(const AddedToken& token, int type_id) {
  return {{"SpecialToken", {{"id", token.content}, {"type_id", type_id}}}};
}

json::object template_processing(json::array single, json::array pair, json::object special_tokens) {
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(special_tokens)}};
}

void define(json::object& special_tokens, const AddedToken& token, const std::vector<AddedToken>& tokens) {
  special_tokens[token.content] = {{"id", token.content},
                                   {"ids", json::array{id_of(token, tokens)}},
                                   {"tokens", json::array{json::string(token.content)}}};
}

}  // namespace

int64_t id_of(const AddedToken& token, const std::vector<AddedToken>& tokens) {
  const auto found =
      std::find_if(tokens.begin(), tokens.end(), [&](const auto& t) { return t.content == token.content; });
  if (found != tokens.end()) return found->id;
  throw Error(ErrorCode::kCorruptData, "a special token is the empty text");
}

json::object vocab_block(const VocabularyIds& vocabulary) {
  json::object vocab;
  vocab.reserve(vocabulary.ids.size());
  for (const auto& [token, id] : vocabulary.ids) vocab.emplace(token, id);
  return vocab;
}

json::array added_tokens_block(const std::vector<AddedToken>& tokens) {
  json::array block;
  for (const AddedToken& token : tokens) {
    block.push_back({{"id", token.id},
                     {"content", token.content},
                     {"single_word", token.single_word},
                     {"lstrip", token.lstrip},
                     {"rstrip", token.rstrip},
                     {"normalized", token.normalized},
                     {"special", token.special}});
  }
  return block;
}

json::object begin_end_template(const FolderSettings& settings, const FolderSpecialTokens& names,
                                const std::vector<AddedToken>& tokens) {
  const AddedToken* begin = settings.boolean_or("add_bos_token", false) ? names.find("bos_token") : nullptr;
  const AddedToken* end = settings.boolean_or("add_eos_token", false) ? names.find("eos_token") : nullptr;
  json::array single, pair;
  const auto add = [&](json::array& out, const char* id, int type_id) {
    if (begin) out.push_back(special(*begin, type_id));
    out.push_back(text(id, type_id));
    if (end) out.push_back(special(*end, type_id));
  };
  add(single, "A", 0);
  add(pair, "A", 0);
  add(pair, "B", 1);
  json::object special_tokens;
  if (begin) define(special_tokens, *begin, tokens);
  if (end) define(special_tokens, *end, tokens);
  return template_processing(std::move(single), std::move(pair), std::move(special_tokens));
}

json::object bert_template(const FolderSpecialTokens& names, const std::vector<AddedToken>& tokens) {
  const AddedToken &cls = names.at("cls_token"), &sep = names.at("sep_token");
  json::object special_tokens;
  define(special_tokens, cls, tokens);
  define(special_tokens, sep, tokens);
  return template_processing({special(cls, 0), text("A", 0), special(sep, 0)},
                             {special(cls, 0), text("A", 0), special(sep, 0), text("B", 1), special(sep, 1)},
                             std::move(special_tokens));
}

}  // namespace tessera::tokenizer
