#include "core/tokenizer/folder/special_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

namespace tessera::tokenizer {
namespace {

/// SPECIAL_TOKENS_ATTRIBUTES of transformers, whose order is the order of new ids.
constexpr std::array<std::string_view, 7> kNames{"bos_token", "eos_token", "unk_token", "sep_token",
                                                 "pad_token", "cls_token", "mask_token"};

bool is_standard(std::string_view name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool names_a_token(std::string_view key) {
  constexpr std::string_view kEnd = "_token";
  return key.size() > kEnd.size() && key.substr(key.size() - kEnd.size()) == kEnd;
}

/// A plain text is a special token.
AddedToken special_token(std::string_view content) {
  AddedToken token;
  token.content = content;
  token.special = true;
  return token;
}

/// A text, or an object with the fields of AddedToken, each of which may be missing.
AddedToken token_from(const JsonNode& node, bool always_special) {
  if (node.is_string()) return special_token(node.string());
  AddedToken token;
  token.content = node.at("content").string();
  token.single_word = node.boolean_or("single_word", false);
  token.lstrip = node.boolean_or("lstrip", false);
  token.rstrip = node.boolean_or("rstrip", false);
  token.special = always_special || node.boolean_or("special", false);
  token.normalized = node.boolean_or("normalized", !token.special);
  return token;
}

std::vector<AddedToken> tokens_from(const JsonNode& node, bool always_special) {
  std::vector<AddedToken> tokens;
  if (node.is_null()) return tokens;  // says "none" as an empty list does
  for (const JsonNode& element : node.elements()) tokens.push_back(token_from(element, always_special));
  return tokens;
}

std::map<int64_t, AddedToken> tokens_by_id(const JsonNode& node) {
  std::map<int64_t, AddedToken> tokens;
  for (const auto& [key, token] : node.members()) {
    int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size())
      token.fail(fmt::format("'{}' is not a token id", key));
    tokens[id] = token_from(token, false);
  }
  return tokens;
}

}  // namespace

FolderSpecialTokens::FolderSpecialTokens(const FolderSettings& settings)
    : file_(settings.tokenizer_config().path().string()) {
  bool has_decoder = false;
  settings.tokenizer_config().read([&](const JsonNode& root) {
    read_special_tokens(root, false);
    const auto decoder = root.find("added_tokens_decoder");
    has_decoder = decoder.has_value();
    if (decoder) by_id_ = tokens_by_id(*decoder);
  });
  if (has_decoder) return;
  settings.special_tokens_map().read([&](const JsonNode& root) { read_special_tokens(root, true); });
  settings.added_tokens().read([&](const JsonNode& root) { read_added_tokens_json(root); });
}

void FolderSpecialTokens::read_special_tokens(const JsonNode& root, bool is_map) {
  for (const auto& [key, node] : root.members()) {
    if (key == "extra_special_tokens") {
      read_extra(node, is_map);
    } else if (key == "additional_special_tokens") {
      std::vector<AddedToken> tokens = tokens_from(node, is_map);
      // In tokenizer_config.json it is the old name of extra_special_tokens.
      if (is_map) {
        additional_ = std::move(tokens);
      } else if (!extra_ || extra_->empty()) {
        extra_ = std::move(tokens);
      }
    } else if (is_standard(key) && node.is_null()) {
      set(key, std::nullopt);
    } else if (is_standard(key) || (names_a_token(key) && (node.is_string() || node.is_object()))) {
      set(key, token_from(node, is_map));
    }
  }
}

void FolderSpecialTokens::read_extra(const JsonNode& node, bool is_map) {
  if (node.is_object()) {  // tokens that a model names itself
    for (const auto& [name, token] : node.members()) set(name, token_from(token, is_map));
    return;
  }
  std::vector<AddedToken> tokens = tokens_from(node, is_map);
  if (!is_map && tokens.empty() && extra_) return;  // the list of the old name stands
  if (!is_map || !extra_) {
    extra_ = std::move(tokens);
  } else {
    extra_->insert(extra_->end(), tokens.begin(), tokens.end());
  }
}

void FolderSpecialTokens::read_added_tokens_json(const JsonNode& root) {
  for (const auto& [content, node] : root.members()) {
    const bool further = extra_ && std::any_of(extra_->begin(), extra_->end(),
                                               [&, c = content](const auto& t) { return t.content == c; });
    AddedToken token = special_token(content);
    token.special = further || is_named(content);
    token.normalized = !token.special;
    by_id_[node.integer()] = std::move(token);
  }
}

void FolderSpecialTokens::set(std::string_view name, std::optional<AddedToken> token) {
  for (Named& named : named_) {
    if (named.name != name) continue;
    named.token = std::move(token);
    return;
  }
  named_.push_back({std::string(name), std::move(token)});
}

void FolderSpecialTokens::set_default(std::string_view name, std::string_view content) {
  for (const Named& named : named_) {
    if (named.name == name) return;
  }
  named_.push_back({std::string(name), special_token(content)});
}

const AddedToken* FolderSpecialTokens::find(std::string_view name) const {
  for (const Named& named : named_) {
    if (named.name == name && named.token) return &*named.token;
  }
  return nullptr;
}

const AddedToken& FolderSpecialTokens::at(std::string_view name) const {
  if (const AddedToken* token = find(name)) return *token;
  throw Error(ErrorCode::kCorruptData, fmt::format("'{}' is null, the tokenizer needs it", name))
      .file(file_)
      .key(name)
      .remedy("name a token of the vocabulary, or remove the key");
}

bool FolderSpecialTokens::is_named(std::string_view content) const {
  return std::any_of(named_.begin(), named_.end(),
                     [&](const Named& named) { return named.token && named.token->content == content; });
}

std::vector<AddedToken> FolderSpecialTokens::in_order() const {
  std::vector<AddedToken> tokens;
  std::unordered_set<std::string> seen;
  const auto take = [&](AddedToken token) {
    if (token.content.empty() || !seen.insert(token.content).second) return;
    token.special = token.special || is_named(token.content);
    tokens.push_back(std::move(token));
  };
  for (const auto& [id, token] : by_id_) take(token);
  for (const std::string_view name : kNames) {
    if (const AddedToken* token = find(name)) take(*token);
  }
  for (const Named& named : named_) {
    if (named.token) take(*named.token);
  }
  const std::optional<std::vector<AddedToken>>& further = extra_ ? extra_ : additional_;
  if (further) std::for_each(further->begin(), further->end(), take);
  return tokens;
}

std::vector<AddedToken> FolderSpecialTokens::numbered(const VocabularyIds& vocabulary) const {
  std::vector<AddedToken> tokens = in_order();
  int64_t largest = -1;
  for (AddedToken& token : tokens) {
    const auto known = vocabulary.ids.find(token.content);
    token.id = known != vocabulary.ids.end() ? known->second : std::max(vocabulary.size, largest + 1);
    largest = std::max(largest, token.id);
  }
  std::sort(tokens.begin(), tokens.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return tokens;
}

}  // namespace tessera::tokenizer
