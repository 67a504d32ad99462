#include "models/blocks/config.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <limits>
#include <utility>

#include "core/json/json.hpp"

namespace tessera::blocks {
namespace {

constexpr std::string_view kFile = "config.json";

}  // namespace

Config Config::parse(std::string_view text) {
  return Config(parse_json_object(text, kFile), {});
}

std::string Config::path(std::string_view key) const {
  return path_ + std::string(key);
}

Error Config::error(ErrorCode code, std::string_view key, const std::string& what) const {
  return Error(code, fmt::format("'{}' {}", path(key), what)).file(kFile).key(path(key));
}

const boost::json::value* Config::find(std::string_view key) const {
  const boost::json::value* value = object_.if_contains(key);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

const boost::json::value& Config::at(std::string_view key) const {
  if (const boost::json::value* value = find(key)) return *value;
  throw error(ErrorCode::kNotFound, key, "is missing");
}

int64_t Config::as_integer(std::string_view key, const boost::json::value& value) const {
  if (value.is_int64()) return value.get_int64();
  // Written by tools that have only one kind of number.
  if (value.is_double() && std::abs(value.get_double()) < 1e15 &&
      std::trunc(value.get_double()) == value.get_double()) {
    return static_cast<int64_t>(value.get_double());
  }
  throw error(ErrorCode::kCorruptData, key, fmt::format("is {}, expected an integer", json_kind(value)));
}

int64_t Config::as_size(std::string_view key, const boost::json::value& value) const {
  constexpr int64_t kLargest = int64_t{1} << 24;
  const int64_t size = as_integer(key, value);
  if (size >= 1 && size <= kLargest) return size;
  throw error(ErrorCode::kCorruptData, key, fmt::format("is {}, expected 1 to {}", size, kLargest));
}

double Config::as_number(std::string_view key, const boost::json::value& value) const {
  if (!value.is_number()) {
    throw error(ErrorCode::kCorruptData, key, fmt::format("is {}, expected a number", json_kind(value)));
  }
  const double number = value.to_number<double>();
  if (std::isfinite(number)) return number;
  throw error(ErrorCode::kCorruptData, key, "is not finite");
}

double Config::as_positive(std::string_view key, const boost::json::value& value) const {
  const double number = as_number(key, value);
  const auto single = static_cast<float>(number);
  if (single > 0 && std::isfinite(single)) return number;
  throw error(ErrorCode::kCorruptData, key, fmt::format("is {}, expected a number > 0", number));
}

int64_t Config::integer(std::string_view key) const {
  return as_integer(key, at(key));
}
int64_t Config::integer(std::string_view key, int64_t fallback) const {
  return has(key) ? integer(key) : fallback;
}
int64_t Config::size(std::string_view key) const {
  return as_size(key, at(key));
}
int64_t Config::size(std::string_view key, int64_t fallback) const {
  return has(key) ? size(key) : fallback;
}
double Config::number(std::string_view key) const {
  return as_number(key, at(key));
}
double Config::number(std::string_view key, double fallback) const {
  return has(key) ? number(key) : fallback;
}
double Config::positive(std::string_view key) const {
  return as_positive(key, at(key));
}
double Config::positive(std::string_view key, double fallback) const {
  return has(key) ? positive(key) : fallback;
}

bool Config::flag(std::string_view key, bool fallback) const {
  const boost::json::value* value = find(key);
  if (value == nullptr) return fallback;
  if (value->is_bool()) return value->get_bool();
  throw error(ErrorCode::kCorruptData, key, fmt::format("is {}, expected true or false", json_kind(*value)));
}

std::string Config::text(std::string_view key, std::string_view fallback) const {
  const boost::json::value* value = find(key);
  if (value == nullptr) return std::string(fallback);
  if (value->is_string()) return std::string(std::string_view(value->get_string()));
  throw error(ErrorCode::kCorruptData, key, fmt::format("is {}, expected a string", json_kind(*value)));
}

std::vector<double> Config::positives(std::string_view key) const {
  const boost::json::value& value = at(key);
  if (!value.is_array()) {
    throw error(ErrorCode::kCorruptData, key,
                fmt::format("is {}, expected a list of numbers", json_kind(value)));
  }
  std::vector<double> numbers;
  for (const boost::json::value& element : value.get_array()) {
    numbers.push_back(as_positive(fmt::format("{}[{}]", key, numbers.size()), element));
  }
  return numbers;
}

std::vector<std::string> Config::texts(std::string_view key) const {
  std::vector<std::string> list;
  const boost::json::value* value = find(key);
  if (value == nullptr) return list;
  const auto refuse = [&](const boost::json::value& wrong) {
    return error(ErrorCode::kCorruptData, key,
                 fmt::format("has {} where a list of strings is expected", json_kind(wrong)));
  };
  if (!value->is_array()) throw refuse(*value);
  for (const boost::json::value& element : value->get_array()) {
    if (!element.is_string()) throw refuse(element);
    list.emplace_back(std::string_view(element.get_string()));
  }
  return list;
}

std::optional<Config> Config::section(std::string_view key) const {
  const boost::json::value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_object()) return Config(value->get_object(), path(key) + ".");
  throw error(ErrorCode::kCorruptData, key, fmt::format("is {}, expected an object", json_kind(*value)));
}

std::vector<std::string> Config::sections() const {
  std::vector<std::string> keys;
  for (const auto& member : object_) {
    if (member.value().is_object()) keys.emplace_back(std::string_view(member.key()));
  }
  return keys;
}

}  // namespace tessera::blocks
