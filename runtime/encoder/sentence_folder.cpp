#include "runtime/encoder/sentence_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/checkpoint/text_file.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// One JSON file of the folder; absent: an empty object.
class Settings {
 public:
  explicit Settings(fs::path file) : file_(std::move(file)) {
    const std::optional<std::string> text = read_text_file_if_present(file_);
    exists_ = text.has_value();
    if (text) object_ = parse_json_object(*text, file_.string());
  }

  bool exists() const { return exists_; }
  const json::object& object() const { return object_; }
  const json::value* find(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value != nullptr && !value->is_null() ? value : nullptr;
  }
  bool flag(std::string_view key, bool fallback) const {
    const json::value* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_bool()) return value->get_bool();
    throw wrong(key, "true or false");
  }
  std::string text(std::string_view key, std::string_view fallback) const {
    const json::value* value = find(key);
    if (value == nullptr) return std::string(fallback);
    if (value->is_string()) return std::string(std::string_view(value->get_string()));
    throw wrong(key, "a string");
  }
  Error wrong(std::string_view key, std::string_view expected) const {
    const json::value* value = find(key);
    return Error(ErrorCode::kCorruptData,
                 fmt::format("'{}' is {}, expected {}", key, value == nullptr ? "absent" : json_kind(*value),
                             expected))
        .file(file_.string())
        .key(key);
  }

 private:
  fs::path file_;
  bool exists_ = false;
  json::object object_;
};

void add_mode(PoolingConfig& config, PoolingMode mode) {
  if (std::find(config.modes.begin(), config.modes.end(), mode) == config.modes.end())
    config.modes.push_back(mode);
}

void read_mode_names(PoolingConfig& config, const Settings& settings, const json::value& names) {
  const json::array list = names.is_array() ? names.get_array() : json::array{names};
  for (const json::value& name : list) {
    if (!name.is_string()) throw settings.wrong("pooling_mode", "a name or a list of names");
    add_mode(config, parse_pooling_mode(std::string_view(name.get_string())));
  }
}

void read_mode_flags(PoolingConfig& config, const Settings& settings) {
  struct Key {
    const char* name;
    PoolingMode mode;
    bool fallback;
  };
  // Mean is on where the key is absent, as in the library; a file that names no mode at all says nothing.
  constexpr Key kKeys[] = {
      {"pooling_mode_cls_token", PoolingMode::kCls, false},
      {"pooling_mode_max_tokens", PoolingMode::kMax, false},
      {"pooling_mode_mean_tokens", PoolingMode::kMean, true},
      {"pooling_mode_mean_sqrt_len_tokens", PoolingMode::kMeanSqrtLen, false},
      {"pooling_mode_weightedmean_tokens", PoolingMode::kWeightedMean, false},
      {"pooling_mode_lasttoken", PoolingMode::kLastToken, false},
  };
  const bool says_something = std::any_of(std::begin(kKeys), std::end(kKeys),
                                          [&](const Key& key) { return settings.find(key.name) != nullptr; });
  for (const Key& key : kKeys) {
    if (says_something && settings.flag(key.name, key.fallback)) add_mode(config, key.mode);
  }
}

std::optional<PoolingConfig> read_pooling(const fs::path& folder) {
  const Settings settings(folder / "config.json");
  PoolingConfig config;
  config.include_prompt = settings.flag("include_prompt", true);
  if (const json::value* names = settings.find("pooling_mode")) {
    read_mode_names(config, settings, *names);
  } else {
    read_mode_flags(config, settings);
  }
  std::sort(config.modes.begin(), config.modes.end());
  return config.modes.empty() ? std::nullopt : std::optional(std::move(config));
}

struct Module {
  std::string kind, path;
};

std::vector<Module> read_modules(const fs::path& file, const std::string& text) {
  const json::value all = parse_json(text, file.string());
  const auto broken = [&](const std::string& message) {
    return Error(ErrorCode::kCorruptData, message).file(file.string());
  };
  if (!all.is_array())
    throw broken(fmt::format("the file holds {}, expected a list of modules", json_kind(all)));
  std::vector<Module> modules;
  for (const json::value& entry : all.get_array()) {
    const json::object* object = entry.if_object();
    const json::value* type = object == nullptr ? nullptr : object->if_contains("type");
    const json::value* path = object == nullptr ? nullptr : object->if_contains("path");
    if (type == nullptr || !type->is_string() || path == nullptr || !path->is_string()) {
      throw broken(fmt::format("module {} has no 'type' and 'path'", modules.size()));
    }
    const std::string_view name = type->get_string();
    Module module{std::string(name.substr(name.rfind('.') + 1)),
                  std::string(std::string_view(path->get_string()))};
    const fs::path inside(module.path);
    if (inside.is_absolute() || std::find(inside.begin(), inside.end(), "..") != inside.end()) {
      throw broken(fmt::format("the path '{}' of module {} leaves the folder", module.path, modules.size()));
    }
    modules.push_back(std::move(module));
  }
  return modules;
}

void add_module(SentenceFolder& result, const fs::path& folder, const Module& module, const fs::path& file) {
  const bool after_pooling = result.pooling.has_value();
  const auto refuse = [&](const std::string& what) {
    return Error(ErrorCode::kNotSupported, what).file(file.string()).key(module.kind);
  };
  if (module.kind == "Dropout") return;  // does nothing when a model is used
  if (module.kind == "Transformer") {
    result.transformer = folder / module.path;
  } else if (module.kind == "Pooling") {
    result.pooling = read_pooling(folder / module.path);
  } else if ((module.kind == "Dense" || module.kind == "Normalize") && !after_pooling) {
    throw refuse(fmt::format("the module {} before the pooling is not implemented", module.kind));
  } else if (module.kind == "Dense") {
    if (result.normalize) throw refuse("the module Dense after Normalize is not implemented");
    result.dense.push_back(Dense::open(folder / module.path));
  } else if (module.kind == "Normalize") {
    result.normalize = true;
  } else {
    throw refuse(fmt::format("the module {} is not implemented", module.kind))
        .remedy("modules that are: Transformer, Pooling, Dense, Normalize, Dropout");
  }
}

void read_length(SentenceFolder& result) {
  const Settings settings(result.transformer / "sentence_bert_config.json");
  result.do_lower_case = settings.flag("do_lower_case", false);
  const json::value* length = settings.find("max_seq_length");
  if (length == nullptr) return;
  if (!length->is_int64() || length->get_int64() < 1)
    throw settings.wrong("max_seq_length", "a number of tokens");
  result.max_seq_length = length->get_int64();
}

void read_prompts(SentenceFolder& result, const fs::path& folder) {
  const Settings settings(folder / "config_sentence_transformers.json");
  result.similarity_fn_name = settings.text("similarity_fn_name", "cosine");
  result.default_prompt_name = settings.text("default_prompt_name", "");
  if (const json::value* prompts = settings.find("prompts")) {
    if (!prompts->is_object()) throw settings.wrong("prompts", "an object");
    for (const auto& member : prompts->get_object()) {
      if (!member.value().is_string()) throw settings.wrong("prompts", "an object of texts");
      result.prompts[std::string(std::string_view(member.key()))] =
          std::string(std::string_view(member.value().get_string()));
    }
  }
}

}  // namespace

SentenceFolder read_sentence_folder(const fs::path& folder) {
  SentenceFolder result;
  result.transformer = folder;
  const fs::path file = folder / "modules.json";
  if (const std::optional<std::string> text = read_text_file_if_present(file)) {
    for (const Module& module : read_modules(file, *text)) add_module(result, folder, module, file);
  } else {
    result.pooling = read_pooling(folder / "1_Pooling");
  }
  read_length(result);
  read_prompts(result, folder);
  return result;
}

}  // namespace tessera
