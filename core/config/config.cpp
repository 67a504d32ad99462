#include "core/config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera {
namespace {

template <typename T>
bool parse_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_bool(std::string_view text, bool& out) {
  if (text != "true" && text != "false") return false;
  out = text == "true";
  return true;
}

void check_int(const Setting& setting, std::string_view text) {
  int64_t value = 0;
  if (!parse_number(text, value)) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a whole number", text));
  }
  if (value < setting.minimum) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} is below the least value, {}", value, setting.minimum));
  }
}

/// Throws when `text` is not a value of the setting's type.
void check(const Setting& setting, std::string_view text) {
  bool flag = false;
  double number = 0;
  switch (setting.type) {
    case SettingType::kInt:
    case SettingType::kIntList:
      return check_int(setting, text);
    case SettingType::kDouble:
      if (!parse_number(text, number) || !std::isfinite(number)) {
        throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a number", text));
      }
      return;
    case SettingType::kBool:
      if (!parse_bool(text, flag)) {
        throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is neither true nor false", text));
      }
      return;
    case SettingType::kPassList:
      parse_pass(text);
      return;
    case SettingType::kOptionMap:
      split_option(text);
      return;
    default:
      return;
  }
}

/// The options of `below` that `above` does not have, and those of `above`.
std::vector<std::string> merged(std::vector<std::string> below, std::vector<std::string> above) {
  const auto replaced = [&](const std::string& text) {
    return std::any_of(above.begin(), above.end(), [&](const std::string& other) {
      return split_option(other).first == split_option(text).first;
    });
  };
  below.erase(std::remove_if(below.begin(), below.end(), replaced), below.end());
  below.insert(below.end(), std::make_move_iterator(above.begin()), std::make_move_iterator(above.end()));
  return below;
}

}  // namespace

std::string to_string(const Origin& origin) {
  switch (origin.kind) {
    case OriginKind::kDefault:
      return "default";
    case OriginKind::kCheckpoint:
      return "checkpoint " + origin.where;
    case OriginKind::kYaml:
      return origin.where;
    case OriginKind::kEnvironment:
      return "environment " + origin.where;
    case OriginKind::kFlag:
      return "flag " + origin.where;
    case OriginKind::kRequest:
      return origin.where;
  }
  return "unknown";
}

Config Config::from_environment() {
  Config config;
  for (const Setting& setting : settings()) {
    Value value;
    if (!setting.default_text.empty()) value.texts.emplace_back(setting.default_text);
    config.values_.emplace(setting.key, std::move(value));
  }
  for (const Setting& setting : settings()) {
    if (setting.environment.empty()) continue;
    const std::string name(setting.environment);
    const char* text = std::getenv(name.c_str());
    if (text != nullptr && *text != '\0') config.set(setting.key, {text}, {OriginKind::kEnvironment, name});
  }
  return config;
}

void Config::set(std::string_view key, std::vector<std::string> texts, Origin origin) {
  const Setting* setting = find_setting(key);
  if (setting == nullptr) {
    std::vector<std::string_view> keys;
    for (const Setting& s : settings()) keys.push_back(s.key);
    throw Error(ErrorCode::kNotFound, fmt::format("there is no setting '{}'", key))
        .key(key)
        .remedy(did_you_mean(key, keys));
  }
  for (const std::string& text : texts) {
    try {
      check(*setting, text);
    } catch (Error& error) {
      error.add_key(key);
      error.add_context(fmt::format("reading '{}' from {}", key, to_string(origin)));
      throw;
    }
  }
  Value& value = values_.find(key)->second;
  const bool wins = origin.kind >= value.origin.kind;
  // A request's own map stands for itself.
  if (setting->type == SettingType::kOptionMap && origin.kind != OriginKind::kRequest) {
    value.texts = wins ? merged(std::move(value.texts), std::move(texts))
                       : merged(std::move(texts), std::move(value.texts));
    if (wins) value.origin = std::move(origin);
  } else if (wins) {
    value = {std::move(texts), std::move(origin)};
  }
}

const Config::Value& Config::value(std::string_view key) const {
  const auto it = values_.find(key);
  if (it == values_.end()) throw Error(ErrorCode::kInternal, fmt::format("no setting '{}'", key));
  return it->second;
}

bool Config::has(std::string_view key) const {
  return !value(key).texts.empty();
}

std::string Config::text(std::string_view key) const {
  const Value& v = value(key);
  return v.texts.empty() ? std::string() : v.texts.front();
}

int64_t Config::integer(std::string_view key) const {
  int64_t number = 0;
  parse_number(text(key), number);
  return number;
}

double Config::number(std::string_view key) const {
  double number = 0;
  parse_number(text(key), number);
  return number;
}

bool Config::boolean(std::string_view key) const {
  return text(key) == "true";
}

std::vector<std::string> Config::list(std::string_view key) const {
  return value(key).texts;
}

std::vector<int64_t> Config::integers(std::string_view key) const {
  std::vector<int64_t> numbers;
  for (const std::string& text : value(key).texts) parse_number(text, numbers.emplace_back());
  return numbers;
}

std::vector<PassSpec> Config::passes(std::string_view key) const {
  std::vector<PassSpec> specs;
  for (const std::string& text : value(key).texts) specs.push_back(parse_pass(text));
  return specs;
}

std::vector<std::pair<std::string, std::string>> Config::options(std::string_view key) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& text : value(key).texts) pairs.push_back(split_option(text));
  return pairs;
}

Origin Config::origin(std::string_view key) const {
  return value(key).origin;
}

}  // namespace tessera
