#include "core/checkpoint/shard_index.hpp"

#include <fmt/format.h>

#include "core/checkpoint/text_file.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace json = boost::json;

constexpr std::string_view kRemedy = "take the index and the shards from the same revision";

Error refuse(const std::filesystem::path& path, std::string_view key, std::string reason) {
  return Error(ErrorCode::kCorruptData, std::move(reason)).file(path.string()).key(key).remedy(kRemedy);
}

bool stays_in_folder(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

const json::object& weight_map(const json::object& index, const std::filesystem::path& path) {
  const json::value* map = index.if_contains("weight_map");
  if (map == nullptr) throw refuse(path, "weight_map", "the index has no weight_map");
  if (!map->is_object()) {
    throw refuse(path, "weight_map", fmt::format("weight_map is {}, expected an object", json_kind(*map)));
  }
  if (map->get_object().empty()) throw refuse(path, "weight_map", "weight_map names no tensor");
  return map->get_object();
}

}  // namespace

ShardIndex read_shard_index(const std::filesystem::path& path) {
  json::object object = parse_json_object(read_text_file(path), path.string(), DuplicateKeys::kError);
  ShardIndex index;
  for (const json::key_value_pair& item : weight_map(object, path)) {
    std::string tensor(item.key());
    if (!item.value().is_string()) {
      throw refuse(path, tensor,
                   fmt::format("the file of the tensor is {}, expected a string", json_kind(item.value())));
    }
    std::string file(item.value().get_string());
    if (!stays_in_folder(file)) {
      throw refuse(path, tensor,
                   fmt::format("the file '{}' of the tensor is not a name in the folder", file));
    }
    index.file_of.emplace(std::move(tensor), std::move(file));
  }
  return index;
}

}  // namespace tessera
