#include "cli/run/request_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "cli/model_options.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

/// Names that are no settings of the section generate.
constexpr std::array<std::string_view, 12> kOwnNames = {
    "id",      "prompt", "input_ids", "messages",   "tools",     "documents", "chat_template_kwargs",
    "timeout", "tenant", "priority",  "cache_salt", "max_tokens"};
/// Settings of that section that are the whole run's.
constexpr std::array<std::string_view, 2> kRunNames = {"prompt_file", "generation_config"};

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const Setting* setting_of(std::string_view name) {
  if (name == "max_tokens") name = "max_new_tokens";  // as the OpenAI API has it
  return contains(kRunNames, name) ? nullptr : find_setting(fmt::format("generate.{}", name));
}

std::vector<std::string_view> all_names() {
  std::vector<std::string_view> names(kOwnNames.begin(), kOwnNames.end());
  for (const Setting& setting : settings()) {
    if (section_of(setting.key) != "generate") continue;
    const std::string_view name = setting.key.substr(std::string_view("generate.").size());
    if (!contains(kRunNames, name) && !contains(kOwnNames, name)) names.push_back(name);
  }
  return names;
}

[[noreturn]] void wrong_type(std::string_view name, std::string_view expected, const json::value& value) {
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("'{}' is {}, expected {}", name, json_kind(value), expected))
      .key(name);
}

std::string text_of(std::string_view name, const json::value& value) {
  if (!value.is_string()) wrong_type(name, "a string", value);
  return std::string(std::string_view(value.get_string()));
}

std::string number_text(std::string_view name, const json::value& value, bool whole) {
  const bool fits = value.is_int64() || value.is_uint64() || (!whole && value.is_double());
  if (!fits) wrong_type(name, whole ? "a whole number" : "a number", value);
  return json::serialize(value);
}

/// The value as the table of settings wants it, for a name of the section generate.
std::vector<std::string> setting_texts(const Setting& setting, std::string_view name,
                                       const json::value& value) {
  std::vector<std::string> texts;
  switch (setting.type) {
    case SettingType::kInt:
    case SettingType::kDouble:
      return {number_text(name, value, setting.type == SettingType::kInt)};
    case SettingType::kBool:
      if (!value.is_bool()) wrong_type(name, "true or false", value);
      return {value.get_bool() ? "true" : "false"};
    case SettingType::kTextList:
      if (value.is_string()) return {text_of(name, value)};
      if (!value.is_array()) wrong_type(name, "a string or a list of strings", value);
      for (const json::value& item : value.get_array()) texts.push_back(text_of(name, item));
      return texts;
    case SettingType::kIntList:
      if (!value.is_array()) wrong_type(name, "a list of whole numbers", value);
      for (const json::value& item : value.get_array()) texts.push_back(number_text(name, item, true));
      return texts;
    case SettingType::kOptionMap:
      if (!value.is_object()) wrong_type(name, "an object", value);
      for (const auto& entry : value.get_object()) {
        const std::string_view key = entry.key();
        texts.push_back(fmt::format("{}={}", key, number_text(name, entry.value(), false)));
      }
      return texts;
    default:
      return {text_of(name, value)};
  }
}

std::vector<int64_t> ids_of(const json::value& value) {
  if (!value.is_array()) wrong_type("input_ids", "a list of whole numbers", value);
  std::vector<int64_t> ids;
  for (const json::value& item : value.get_array()) {
    if (!item.is_int64()) wrong_type("input_ids", "a list of whole numbers", item);
    ids.push_back(item.get_int64());
  }
  return ids;
}

std::chrono::milliseconds timeout_of(double seconds) {
  if (!(seconds >= 0 && seconds <= 1e9)) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("a timeout of {} seconds makes no sense", seconds))
        .key("timeout")
        .remedy("give seconds, or 0 for none");
  }
  return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(seconds * 1e3)));
}

const json::value* find(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;  // null: not given
}

void read_submit_options(const json::object& object, SubmitOptions& how) {
  if (const json::value* timeout = find(object, "timeout")) {
    if (!timeout->is_number()) wrong_type("timeout", "a number", *timeout);
    how.timeout = timeout_of(timeout->to_number<double>());
  }
  if (const json::value* tenant = find(object, "tenant")) how.tenant = text_of("tenant", *tenant);
  if (const json::value* salt = find(object, "cache_salt")) how.cache_salt = text_of("cache_salt", *salt);
  if (const json::value* priority = find(object, "priority")) {
    if (!priority->is_int64()) wrong_type("priority", "a whole number", *priority);
    how.priority = static_cast<int32_t>(std::clamp<int64_t>(
        priority->get_int64(), std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
  }
}

void check_one_text(const sampling::SamplingParams& params) {
  if (params.choices() == 1) return;
  throw Error(ErrorCode::kNotSupported, "a request of a run has one text")
      .key("generate.n")
      .remedy("write a request for each text, with a seed of its own");
}

}  // namespace

RequestReader::RequestReader(const Config& config, const AutoModelForCausalLM& model)
    : config_(config), defaults_(default_sampling(config, model)), folder_(model.info().folder) {
  timeout_of(config.number("request_timeout"));  // the run's own values are wrong once, not in each line
  check_one_text(sampling_params(config, defaults_));
}

RunRequest RequestReader::read(const RawRequest& raw) const {
  try {
    const json::object object = parse_json_object(raw.text, raw.where, DuplicateKeys::kError);
    Config config = config_;
    for (const auto& entry : object) {
      const std::string_view name = entry.key();
      const Setting* setting = setting_of(name);
      const bool own = contains(kOwnNames, name);
      if (!own && setting == nullptr) {
        throw Error(ErrorCode::kInvalidArgument, fmt::format("unknown name '{}'", name))
            .key(name)
            .remedy(did_you_mean(name, all_names()));
      }
      // Prompts are read below; the run's own do not matter here.
      if (setting == nullptr || (own && name != "max_tokens") || entry.value().is_null()) continue;
      config.set(setting->key, setting_texts(*setting, name, entry.value()),
                 {OriginKind::kRequest, raw.where});
    }
    RunRequest request{.prompt = Prompt(std::string()), .options = generate_options(config), .how = {}};
    request.options.sampling = sampling_params(config, defaults_);
    check_one_text(*request.options.sampling);
    request.how.timeout = timeout_of(config_.number("request_timeout"));
    read_submit_options(object, request.how);
    read_prompt(object, request);
    return request;
  } catch (Error& error) {
    error.add_file(raw.where);
    throw;
  }
}

void RequestReader::read_prompt(const json::object& object, RunRequest& request) const {
  const json::value* prompt = find(object, "prompt");
  const json::value* ids = find(object, "input_ids");
  const json::value* messages = find(object, "messages");
  if ((prompt != nullptr) + (ids != nullptr) + (messages != nullptr) != 1) {
    throw Error(ErrorCode::kInvalidArgument, "a request has one of 'prompt', 'input_ids' and 'messages'");
  }
  if (prompt != nullptr) request.prompt = Prompt(text_of("prompt", *prompt));
  if (ids != nullptr) request.prompt = Prompt(ids_of(*ids));
  if (messages == nullptr) return;
  const auto text = [&](std::string_view name) {
    const json::value* value = find(object, name);
    return value == nullptr ? std::string() : json::serialize(*value);
  };
  if (!template_) template_ = ChatTemplate::from_pretrained(folder_);
  request.prompt = Prompt(
      template_->render_json(json::serialize(*messages), {.add_generation_prompt = true,
                                                          .tools_json = text("tools"),
                                                          .documents_json = text("documents"),
                                                          .kwargs_json = text("chat_template_kwargs")}));
  request.options.add_special_tokens = false;  // the template wrote them
}

json::value RequestReader::id_of(const RawRequest& raw) {
  try {
    const json::object object = parse_json_object(raw.text, raw.where);
    const json::value* id = find(object, "id");
    if (id != nullptr && (id->is_string() || id->is_number())) return *id;
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): reading the whole request says what is wrong
  }
  return nullptr;
}

}  // namespace tessera::cli
