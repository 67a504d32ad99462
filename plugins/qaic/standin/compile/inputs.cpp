#include "inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {
namespace {

namespace json = boost::json;

[[noreturn]] void refuse(std::string_view file, const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, message).file(file);
}

int64_t symbol_value(const json::value& value, const std::string& symbol, std::string_view file) {
  int64_t number = -1;
  if (value.is_int64()) {
    number = value.as_int64();
  } else if (value.is_string()) {
    const json::string& text = value.as_string();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) number = -1;
  }
  if (number < 0 || number > INT32_MAX)
    refuse(file, fmt::format("symbol '{}' is {}, expected a number as text", symbol, json::serialize(value)));
  return number;
}

const json::array& array_at(const json::object& object, const char* key, std::string_view file) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr || !found->is_array() || found->as_array().empty())
    refuse(file, fmt::format("'{}' is not a list with entries", key));
  return found->as_array();
}

const json::object& object_of(const json::value& value, std::string_view what, std::string_view file) {
  if (!value.is_object()) refuse(file, fmt::format("{} is {}, expected an object", what, json_kind(value)));
  return value.as_object();
}

std::string_view trimmed(std::string_view line) {
  const size_t start = line.find_first_not_of(" \t\r-");
  if (start == std::string_view::npos) return {};
  return line.substr(start, line.find_last_not_of(" \t\r") + 1 - start);
}

/// "IOName: x" -> true, "x".
bool entry_of(std::string_view line, std::string_view key, std::string& value) {
  if (line.substr(0, key.size()) != key || line.substr(key.size(), 1) != ":") return false;
  value = trimmed(line.substr(key.size() + 1));
  return true;
}

}  // namespace

std::vector<Specialization> read_specializations(std::string_view text, std::string_view file) {
  std::vector<Specialization> all;
  const json::object root = parse_json_object(text, file);
  for (const json::value& value : array_at(root, "specializations", file)) {
    const json::object& entry = object_of(value, fmt::format("specialization {}", all.size()), file);
    const json::value* named = entry.if_contains("symbols");
    Specialization specialization;
    for (const auto& [symbol, number] : named == nullptr ? entry : object_of(*named, "'symbols'", file))
      specialization[symbol] = symbol_value(number, symbol, file);
    if (std::find(all.begin(), all.end(), specialization) != all.end())
      refuse(file, fmt::format("specialization {} is there twice", all.size()));
    all.push_back(std::move(specialization));
  }
  return all;
}

// The files that compilers are given are a plain list of pairs; more of YAML is refused rather than guessed.
std::map<std::string, std::string> read_custom_io(std::string_view text, std::string_view file) {
  std::map<std::string, std::string> precisions;
  std::string name;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string value;
    if (line.empty() || line[0] == '#') continue;
    if (name.empty() && entry_of(line, "IOName", value) && !value.empty()) {
      name = value;
    } else if (!name.empty() && entry_of(line, "Precision", value)) {
      if (value != "float16" && value != "float32" && value != "mxint8")
        refuse(file, fmt::format("line {}: precision '{}' of '{}': ai100 knows float16, mxint8 and float32",
                                 number, value, name));
      if (!precisions.emplace(name, value).second) refuse(file, fmt::format("'{}' is listed twice", name));
      name.clear();
    } else {
      refuse(file,
             fmt::format("line {} is neither ' - IOName: <name>' nor its '   Precision: <type>'", number));
    }
  }
  if (!name.empty()) refuse(file, fmt::format("'{}' has no precision", name));
  return precisions;
}

int read_partition_devices(std::string_view text, std::string_view file, int num_cores) {
  const json::object root = parse_json_object(text, file);
  const json::array& partitions = array_at(root, "partitions", file);
  if (partitions.size() != 1)
    refuse(file, fmt::format("{} partitions: the stand-in runs tensor slices (one partition) only",
                             partitions.size()));
  const json::array& devices = array_at(object_of(partitions[0], "a partition", file), "devices", file);
  for (size_t i = 0; i < devices.size(); ++i) {
    const json::object& device = object_of(devices[i], "a device", file);
    const json::value* id = device.if_contains("deviceId");
    const json::value* cores = device.if_contains("numCores");
    if (id == nullptr || *id != static_cast<int64_t>(i))
      refuse(file, fmt::format("device {} does not have that deviceId: they count from 0", i));
    if (cores == nullptr || *cores != num_cores)
      refuse(file, fmt::format("device {} has other cores than -aic-num-cores={}", i, num_cores));
  }
  return static_cast<int>(devices.size());
}

}  // namespace tessera::qaic::standin
