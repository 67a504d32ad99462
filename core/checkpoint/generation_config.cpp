#include "core/checkpoint/generation_config.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace json = boost::json;

/// A parsed text and the name under which errors mention it.
struct Source {
  json::object object;
  std::string file;
};

/// The key's value in the first source that has one, or null.
struct Found {
  const json::value* value = nullptr;
  const Source* source = nullptr;
};

Found find(const std::vector<Source>& sources, std::string_view key) {
  for (const Source& source : sources) {
    const json::value* value = source.object.if_contains(key);
    if (value != nullptr && !value->is_null()) return {value, &source};
  }
  return {};
}

int64_t token_id(const json::value& value, std::string_view key, const Source& source) {
  if (value.is_int64()) return value.get_int64();
  throw Error(ErrorCode::kCorruptData, fmt::format("{} is {}, expected a token id", key, json_kind(value)))
      .file(source.file)
      .key(key)
      .remedy("set it to the id of a token, or remove it");
}

int64_t valid_token_id(const json::value& value, std::string_view key, const Source& source) {
  int64_t id = token_id(value, key, source);
  if (id >= 0) return id;
  throw Error(ErrorCode::kCorruptData, fmt::format("{} is {}, expected a token id from 0", key, id))
      .file(source.file)
      .key(key)
      .remedy("set it to the id of a token, or remove it");
}

std::vector<int64_t> read_eos(const std::vector<Source>& sources) {
  constexpr std::string_view kKey = "eos_token_id";
  Found found = find(sources, kKey);
  if (found.value == nullptr) return {};
  if (!found.value->is_array()) return {valid_token_id(*found.value, kKey, *found.source)};
  std::vector<int64_t> ids;
  for (const json::value& item : found.value->get_array()) {
    int64_t id = valid_token_id(item, kKey, *found.source);
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

std::optional<int64_t> read_bos(const std::vector<Source>& sources) {
  Found found = find(sources, "bos_token_id");
  if (found.value == nullptr) return std::nullopt;
  return valid_token_id(*found.value, "bos_token_id", *found.source);
}

std::optional<int64_t> read_pad(const std::vector<Source>& sources) {
  Found found = find(sources, "pad_token_id");
  if (found.value == nullptr) return std::nullopt;
  if (token_id(*found.value, "pad_token_id", *found.source) == -1) return std::nullopt;
  return valid_token_id(*found.value, "pad_token_id", *found.source);
}

}  // namespace

GenerationConfig read_generation_config(const Checkpoint& checkpoint) {
  std::vector<Source> sources;
  if (checkpoint.generation_config_text()) {
    std::string file = (checkpoint.folder() / "generation_config.json").string();
    sources.push_back({parse_json_object(*checkpoint.generation_config_text(), file), file});
  }
  std::string file = (checkpoint.folder() / "config.json").string();
  sources.push_back({parse_json_object(checkpoint.config_text(), file), file});
  return {read_eos(sources), read_bos(sources), read_pad(sources)};
}

}  // namespace tessera
