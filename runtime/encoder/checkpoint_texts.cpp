#include "runtime/encoder/checkpoint_texts.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <charconv>
#include <limits>
#include <map>
#include <optional>

#include "core/checkpoint/text_file.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace json = boost::json;

constexpr std::string_view kConfig = "config.json";

Error broken(std::string_view key, std::string message) {
  return Error(ErrorCode::kCorruptData, std::move(message)).file(kConfig).key(key);
}

const json::value* find(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

std::optional<json::object> read_object(const std::filesystem::path& path) {
  if (path.empty()) return std::nullopt;
  return parse_json_object(read_text_file(path), path.string());
}

std::map<int64_t, std::string> read_id2label(const json::value& value) {
  if (!value.is_object()) {
    throw broken("id2label", fmt::format("'id2label' is {}, expected an object", json_kind(value)));
  }
  std::map<int64_t, std::string> names;
  for (const auto& member : value.get_object()) {
    const std::string_view key = member.key();
    int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size()) {
      throw broken("id2label", fmt::format("'id2label' has the key '{}', which is no number", key));
    }
    const json::value& name = member.value();
    names[id] = name.is_string() ? std::string(std::string_view(name.get_string())) : json::serialize(name);
  }
  return names;
}

}  // namespace

std::vector<std::string> read_labels(std::string_view config_text, int64_t count) {
  const json::object config = parse_json_object(config_text, kConfig);
  const json::value* id2label = find(config, "id2label");
  std::vector<std::string> labels;
  if (id2label == nullptr) {
    for (int64_t id = 0; id < count; ++id) labels.push_back(fmt::format("LABEL_{}", id));
    return labels;
  }
  const std::map<int64_t, std::string> names = read_id2label(*id2label);
  for (int64_t id = 0; id < count; ++id) {
    const auto name = names.find(id);
    if (name == names.end()) {
      throw broken(
          "id2label",
          fmt::format("'id2label' has no entry for label {}, the classifier has {} labels", id, count))
          .remedy(fmt::format("name all of 0 to {}, or remove the key", count - 1));
    }
    labels.push_back(name->second);
  }
  return labels;
}

FunctionToApply read_function_to_apply(std::string_view config_text, int64_t labels) {
  const json::object config = parse_json_object(config_text, kConfig);
  const json::value* type = find(config, "problem_type");
  if (type == nullptr) return labels == 1 ? FunctionToApply::kSigmoid : FunctionToApply::kSoftmax;
  const std::string_view name = type->is_string() ? std::string_view(type->get_string()) : std::string_view();
  if (name == "regression") return FunctionToApply::kNone;
  if (name == "multi_label_classification" || (labels == 1 && name == "single_label_classification"))
    return FunctionToApply::kSigmoid;
  if (name == "single_label_classification") return FunctionToApply::kSoftmax;
  throw broken("problem_type",
               fmt::format("'problem_type' is {}, which is not known", json::serialize(*type)))
      .remedy("one of: regression, single_label_classification, multi_label_classification");
}

int64_t read_model_max_length(const Checkpoint& checkpoint) {
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  const auto config = read_object(checkpoint.tokenizer_files().tokenizer_config);
  const json::value* length = config ? find(*config, "model_max_length") : nullptr;
  if (length == nullptr) return kNone;
  if (!length->is_number()) {
    throw Error(ErrorCode::kCorruptData,
                fmt::format("'model_max_length' is {}, expected a number", json_kind(*length)))
        .file(checkpoint.tokenizer_files().tokenizer_config.string())
        .key("model_max_length");
  }
  const auto tokens = length->to_number<double>();
  return tokens >= 1 && tokens < 1e15 ? static_cast<int64_t>(tokens) : kNone;
}

std::string read_special_token(const Checkpoint& checkpoint, std::string_view name) {
  const TokenizerFiles& files = checkpoint.tokenizer_files();
  for (const std::filesystem::path& path : {files.tokenizer_config, files.special_tokens_map}) {
    const auto texts = read_object(path);
    const json::value* token = texts ? find(*texts, name) : nullptr;
    if (token != nullptr && token->is_object()) token = find(token->get_object(), "content");
    if (token != nullptr && token->is_string()) return std::string(std::string_view(token->get_string()));
  }
  return {};
}

}  // namespace tessera
