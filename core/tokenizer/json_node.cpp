#include "core/tokenizer/json_node.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {

namespace json = boost::json;

struct JsonDocument::Storage {
  json::monotonic_resource
      memory;  // nothing is freed one by one: a vocabulary has hundreds of thousands of keys
  std::optional<json::value> value;  // lives in `memory`, so it stands behind it
};

JsonDocument::JsonDocument(std::string_view text) : storage_(std::make_unique<Storage>()) {
  json::parse_options options;
  options.max_depth = 64;
  json::parser parser(json::storage_ptr(), options);
  parser.reset(&storage_->memory);
  json::error_code error;
  const size_t read = parser.write(json::string_view(text.data(), text.size()), error);
  if (error) {
    throw Error(ErrorCode::kCorruptData, fmt::format("not valid JSON at byte {}: {}", read, error.message()))
        .offset(read);
  }
  storage_->value.emplace(parser.release());
}

JsonDocument::JsonDocument(json::value&& value) : storage_(std::make_unique<Storage>()) {
  storage_->value.emplace(std::move(value));
}

JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

JsonNode JsonDocument::root() const {
  return JsonNode(&*storage_->value, nullptr);
}

std::string JsonNode::path() const {
  std::string path;
  for (const Step* step = step_.get(); step; step = step->parent.get()) {
    if (!path.empty() && path[0] != '[') path.insert(0, 1, '.');
    path.insert(0, step->name);
  }
  return path;
}

void JsonNode::fail(std::string message) const {
  throw Error(ErrorCode::kCorruptData, std::move(message)).key(path());
}

void JsonNode::fail_not_supported(std::string message) const {
  throw Error(ErrorCode::kNotSupported, std::move(message)).key(path());
}

void JsonNode::fail_type(std::string_view expected) const {
  const auto kind = json::to_string(value_->kind());
  fail(fmt::format("expected {}, found {}", expected, std::string_view(kind.data(), kind.size())));
}

bool JsonNode::is_null() const {
  return value_->is_null();
}
bool JsonNode::is_string() const {
  return value_->is_string();
}
bool JsonNode::is_array() const {
  return value_->is_array();
}
bool JsonNode::is_object() const {
  return value_->is_object();
}

JsonNode JsonNode::child(const json::value& value, std::string name) const {
  return JsonNode(&value, std::make_shared<const Step>(Step{step_, std::move(name)}));
}

JsonNode JsonNode::at(std::string_view key) const {
  const json::object* object = value_->if_object();
  if (!object) fail_type("an object");
  const json::value* member = object->if_contains(json::string_view(key.data(), key.size()));
  if (!member) fail(fmt::format("key '{}' is missing", key));
  return child(*member, std::string(key));
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  const json::object* object = value_->if_object();
  if (!object) fail_type("an object");
  const json::value* member = object->if_contains(json::string_view(key.data(), key.size()));
  if (!member || member->is_null()) return std::nullopt;
  return child(*member, std::string(key));
}

std::vector<std::pair<std::string_view, JsonNode>> JsonNode::members() const {
  const json::object* object = value_->if_object();
  if (!object) fail_type("an object");
  std::vector<std::pair<std::string_view, JsonNode>> members;
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    members.emplace_back(key, child(member.value(), std::string(key)));
  }
  return members;
}

std::vector<JsonNode> JsonNode::elements() const {
  const json::array* array = value_->if_array();
  if (!array) fail_type("an array");
  std::vector<JsonNode> elements;
  for (size_t i = 0; i < array->size(); ++i) elements.push_back(child((*array)[i], fmt::format("[{}]", i)));
  return elements;
}

std::string_view JsonNode::string() const {
  const json::string* string = value_->if_string();
  if (!string) fail_type("a string");
  return {string->data(), string->size()};
}

bool JsonNode::boolean() const {
  const bool* boolean = value_->if_bool();
  if (!boolean) fail_type("true or false");
  return *boolean;
}

int64_t JsonNode::integer() const {
  if (const int64_t* integer = value_->if_int64()) return *integer;
  // Above 2^63: no count, id or length is; but some files write "no limit" so.
  if (value_->is_uint64()) return INT64_MAX;
  fail_type("an integer");
}

double JsonNode::number() const {
  if (const double* number = value_->if_double()) return *number;
  if (const int64_t* integer = value_->if_int64()) return static_cast<double>(*integer);
  if (const uint64_t* integer = value_->if_uint64()) return static_cast<double>(*integer);
  fail_type("a number");
}

std::string_view JsonNode::string_or(std::string_view key, std::string_view otherwise) const {
  const auto member = find(key);
  return member ? member->string() : otherwise;
}

bool JsonNode::boolean_or(std::string_view key, bool otherwise) const {
  const auto member = find(key);
  return member ? member->boolean() : otherwise;
}

int64_t JsonNode::integer_or(std::string_view key, int64_t otherwise) const {
  const auto member = find(key);
  return member ? member->integer() : otherwise;
}

std::vector<std::pair<std::string_view, int64_t>> JsonNode::integer_members() const {
  const json::object* object = value_->if_object();
  if (!object) fail_type("an object");
  std::vector<std::pair<std::string_view, int64_t>> members;
  members.reserve(object->size());
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    const int64_t* integer = member.value().if_int64();
    if (!integer) child(member.value(), std::string(key)).fail_type("an integer");
    members.emplace_back(key, *integer);
  }
  return members;
}

std::vector<std::pair<std::string_view, std::string_view>> JsonNode::string_pairs() const {
  const json::array* array = value_->if_array();
  if (!array) fail_type("an array");
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  pairs.reserve(array->size());
  for (const json::value& element : *array) {
    const auto node = [&] { return child(element, fmt::format("[{}]", pairs.size())); };
    if (const json::string* joined = element.if_string()) {
      const std::string_view text(joined->data(), joined->size());
      const size_t space = text.find(' ');
      if (space == text.npos || text.find(' ', space + 1) != text.npos) {
        node().fail(fmt::format("'{}' is not two texts with one space between them", text));
      }
      pairs.emplace_back(text.substr(0, space), text.substr(space + 1));
    } else if (const json::array* pair = element.if_array();
               pair && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string()) {
      const json::string &first = (*pair)[0].get_string(), &second = (*pair)[1].get_string();
      pairs.emplace_back(std::string_view(first.data(), first.size()),
                         std::string_view(second.data(), second.size()));
    } else {
      node().fail_type("a string or an array of two strings");
    }
  }
  return pairs;
}

std::vector<std::pair<std::string_view, double>> JsonNode::scored_strings() const {
  const json::array* array = value_->if_array();
  if (!array) fail_type("an array");
  std::vector<std::pair<std::string_view, double>> list;
  list.reserve(array->size());
  for (const json::value& element : *array) {
    const json::array* pair = element.if_array();
    if (!pair || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_number()) {
      child(element, fmt::format("[{}]", list.size())).fail_type("an array of a string and a number");
    }
    const json::string& text = (*pair)[0].get_string();
    list.emplace_back(std::string_view(text.data(), text.size()), (*pair)[1].to_number<double>());
  }
  return list;
}

}  // namespace tessera::tokenizer
