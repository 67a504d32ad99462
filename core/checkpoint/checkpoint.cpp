#include "core/checkpoint/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/checkpoint/shard_index.hpp"
#include "core/checkpoint/text_file.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kConfig = "config.json";
constexpr const char* kWeights = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

/// True for a file, and for a link even when it leads nowhere: then opening it says so.
bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

fs::path path_if_there(const fs::path& path) {
  return is_there(path) ? path : fs::path();
}

Error wrong_kind(const fs::path& file, std::string_view key, const json::value& found,
                 std::string_view expected) {
  return Error(ErrorCode::kCorruptData, fmt::format("{} is {}, expected {}", key, json_kind(found), expected))
      .file(file.string())
      .key(key)
      .remedy("take config.json from the model's own repository");
}

std::string read_model_type(const json::object& config, const fs::path& file) {
  const json::value* value = config.if_contains("model_type");
  if (value == nullptr || value->is_null()) return "";
  if (!value->is_string()) throw wrong_kind(file, "model_type", *value, "a string");
  return std::string(value->get_string());
}

std::vector<std::string> read_architectures(const json::object& config, const fs::path& file) {
  const json::value* value = config.if_contains("architectures");
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_array()) throw wrong_kind(file, "architectures", *value, "an array of strings");
  std::vector<std::string> names;
  for (const json::value& item : value->get_array()) {
    if (!item.is_string()) throw wrong_kind(file, "architectures", item, "strings in it");
    names.emplace_back(item.get_string());
  }
  return names;
}

bool ends_with(std::string_view name, std::string_view end) {
  return name.size() >= end.size() && name.substr(name.size() - end.size()) == end;
}

/// Files of the folder that hold weights in a form that is not read, sorted.
std::vector<std::string> other_weight_files(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (fs::directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
    std::string name = it->path().filename().string();
    for (std::string_view suffix : {".bin", ".pt", ".pth", ".gguf", ".safetensors", ".h5", ".msgpack"}) {
      if (ends_with(name, suffix)) names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

TensorEntry entry_of(const StoredTensor& stored, const std::string& location) {
  return {stored.name, stored.dtype, stored.dims, location, stored.offset, stored.length};
}

void check_folder(const fs::path& folder) {
  std::error_code error;
  fs::file_status status = fs::status(folder, error);
  if (fs::is_directory(status)) return;
  bool exists = fs::exists(status);
  throw Error(exists ? ErrorCode::kInvalidArgument : ErrorCode::kNotFound,
              exists ? "this is a file, expected the folder of a model" : "no such folder")
      .file(folder.string())
      .remedy(exists ? "give the folder that holds config.json" : "check the path of the model");
}

}  // namespace

Checkpoint Checkpoint::open(const fs::path& folder) {
  check_folder(folder);
  Checkpoint checkpoint(folder);
  checkpoint.read_config();
  checkpoint.find_texts();
  checkpoint.open_weights();
  return checkpoint;
}

void Checkpoint::read_config() {
  fs::path path = folder_ / kConfig;
  if (!is_there(path)) {
    throw Error(ErrorCode::kNotFound, "the folder has no config.json")
        .file(path.string())
        .remedy("give the folder of a Hugging Face model: config.json, safetensors, tokenizer files");
  }
  config_text_ = read_text_file(path);
  json::object config = parse_json_object(config_text_, path.string());
  model_type_ = read_model_type(config, path);
  architectures_ = read_architectures(config, path);
}

void Checkpoint::find_texts() {
  generation_config_text_ = read_text_file_if_present(folder_ / "generation_config.json");
  for (const char* name : {"tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt"}) {
    if (tokenizer_files_.tokenizer.empty()) tokenizer_files_.tokenizer = path_if_there(folder_ / name);
  }
  tokenizer_files_.tokenizer_config = path_if_there(folder_ / "tokenizer_config.json");
  tokenizer_files_.special_tokens_map = path_if_there(folder_ / "special_tokens_map.json");
  tokenizer_files_.chat_template = path_if_there(folder_ / "chat_template.jinja");
}

void Checkpoint::open_weights() {
  fs::path single = folder_ / kWeights;
  fs::path index = folder_ / kIndex;
  if (is_there(single)) {
    open_single(single, is_there(index));
  } else if (is_there(index)) {
    open_shards(index);
  } else {
    refuse_without_weights();
  }
  std::sort(tensors_.begin(), tensors_.end(),
            [](const TensorEntry& a, const TensorEntry& b) { return a.name < b.name; });
}

void Checkpoint::open_single(const fs::path& path, bool index_beside) {
  SafetensorsFile file = SafetensorsFile::open(path);
  for (const StoredTensor& stored : file.tensors()) tensors_.push_back(entry_of(stored, kWeights));
  files_.emplace(kWeights, std::move(file));
  if (index_beside) {
    warnings_.push_back(fmt::format("'{}' has both {} and {}, ignoring the index and its shards",
                                    folder_.string(), kWeights, kIndex));
  }
}

void Checkpoint::open_shards(const fs::path& index_path) {
  ShardIndex index = read_shard_index(index_path);
  std::map<std::string, std::vector<std::string>> names_in;  // by shard, sorted as the index is
  for (const auto& [tensor, file] : index.file_of) names_in[file].push_back(tensor);
  for (const auto& [location, names] : names_in) add_shard(location, names, index_path);
}

void Checkpoint::add_shard(const std::string& location, const std::vector<std::string>& names,
                           const fs::path& index_path) {
  fs::path path = folder_ / location;
  if (!is_there(path)) {
    throw Error(ErrorCode::kNotFound, fmt::format("the shard is missing; {} needs it for {} tensors",
                                                  index_path.filename().string(), names.size()))
        .file(path.string())
        .key(names.front())
        .remedy("fetch all shards of the revision that the index is from");
  }
  SafetensorsFile file = SafetensorsFile::open(path);
  for (const std::string& name : names) {
    const StoredTensor* stored = file.find_tensor(name);
    if (stored == nullptr) {
      throw Error(ErrorCode::kNotFound,
                  fmt::format("{} says that the tensor is in this shard, which lacks it",
                              index_path.filename().string()))
          .file(path.string())
          .key(name)
          .remedy("take the index and the shards from the same revision");
    }
    tensors_.push_back(entry_of(*stored, location));
  }
  size_t others = file.tensors().size() - names.size();
  if (others > 0) {
    warnings_.push_back(fmt::format(
        "'{}' holds {} tensors that the index does not take from it, ignoring them", path.string(), others));
  }
  files_.emplace(location, std::move(file));
}

void Checkpoint::refuse_without_weights() const {
  std::vector<std::string> others = other_weight_files(folder_);
  if (others.empty()) {
    throw Error(ErrorCode::kNotFound, fmt::format("the folder has neither {} nor {}", kWeights, kIndex))
        .file(folder_.string())
        .remedy("fetch the weights too");
  }
  bool safetensors = std::any_of(others.begin(), others.end(),
                                 [](const std::string& name) { return ends_with(name, ".safetensors"); });
  if (safetensors) {
    throw Error(ErrorCode::kNotFound, fmt::format("the folder has neither {} nor {}, only {}", kWeights,
                                                  kIndex, fmt::join(others, ", ")))
        .file(folder_.string())
        .remedy("fetch the index, or give a single file the name model.safetensors");
  }
  throw Error(
      ErrorCode::kNotSupported,
      fmt::format("the folder has weights only as {}, safetensors are needed", fmt::join(others, ", ")))
      .file(folder_.string())
      .remedy(
          "take a revision with safetensors, or convert: load the model with transformers and "
          "save_pretrained it");
}

const TensorEntry* Checkpoint::find_tensor(std::string_view name) const {
  auto found = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                [](const TensorEntry& a, std::string_view b) { return a.name < b; });
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

uint64_t Checkpoint::total_bytes() const {
  uint64_t total = 0;
  for (const TensorEntry& tensor : tensors_) total += tensor.length;
  return total;
}

const SafetensorsFile& Checkpoint::weights(std::string_view location) const {
  auto found = files_.find(location);
  if (found != files_.end()) return found->second;
  throw Error(ErrorCode::kNotFound, fmt::format("'{}' is no weight file of the checkpoint", location))
      .file(folder_.string());
}

MappedView Checkpoint::map(std::string_view location, uint64_t offset, uint64_t length) const {
  return view_of(weights(location).file(), offset, length);
}

void Checkpoint::read(std::string_view location, uint64_t offset, uint64_t length, std::byte* dst) const {
  weights(location).file()->read(offset, length, dst);
}

void Checkpoint::drop_pages(std::string_view location, uint64_t offset, uint64_t length) const noexcept {
  auto found = files_.find(location);
  if (found != files_.end()) found->second.file()->drop_pages(offset, length);
}

fs::path Checkpoint::real_path(std::string_view location) const {
  const fs::path& path = weights(location).path();
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (!error) return real;
  throw Error(ErrorCode::kNotFound, fmt::format("the file is gone: {}", error.message())).file(path.string());
}

std::vector<std::string> Checkpoint::locations() const {
  std::vector<std::string> names;
  for (const auto& [location, file] : files_) names.push_back(location);
  return names;
}

}  // namespace tessera
