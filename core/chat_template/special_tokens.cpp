#include "core/chat_template/special_tokens.hpp"

#include <array>
#include <string_view>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using jinja::Value;

constexpr std::array<std::string_view, 7> kNames{"bos_token", "eos_token", "unk_token", "sep_token",
                                                 "pad_token", "cls_token", "mask_token"};

/// A token is a string, or an object with its flags and `content`; null and false: there is none.
std::optional<std::string> token_of(const Value& root, std::string_view name,
                                    const std::filesystem::path& file) {
  const Value* value = root.dict().find(name);
  if (!value || value->is_none() || (value->is(jinja::Kind::kBool) && !value->boolean())) return std::nullopt;
  if (value->is_string()) return value->string();
  const Value* content = value->is_dict() ? value->dict().find("content") : nullptr;
  if (content && content->is_string()) return content->string();
  throw Error(ErrorCode::kCorruptData,
              "a special token must be a string or an object with a string 'content'")
      .file(file.string())
      .key(name);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> special_tokens(const std::optional<Value>& config,
                                                                const std::optional<Value>& map,
                                                                const std::filesystem::path& folder) {
  const bool config_is_complete = config && config->dict().find("added_tokens_decoder");
  std::vector<std::pair<std::string, std::string>> tokens;
  for (const std::string_view name : kNames) {
    std::optional<std::string> token;
    if (map && !config_is_complete) token = token_of(*map, name, folder / "special_tokens_map.json");
    if (!token && config) token = token_of(*config, name, folder / "tokenizer_config.json");
    if (token) tokens.emplace_back(name, *token);
  }
  return tokens;
}

}  // namespace tessera
