#include "core/tokenizer/from_json.hpp"

#include <fmt/format.h>

#include "core/tokenizer/text/utf8.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

AddedToken added_token(const JsonNode& node) {
  AddedToken token;
  token.id = node.at("id").integer();
  token.content = node.at("content").string();
  token.single_word = node.at("single_word").boolean();
  token.lstrip = node.at("lstrip").boolean();
  token.rstrip = node.at("rstrip").boolean();
  token.normalized = node.at("normalized").boolean();
  token.special = node.at("special").boolean();
  return token;
}

Direction direction(const JsonNode& node) {
  const std::string_view name = node.string_or("direction", "Right");
  if (name == "Right") return Direction::kRight;
  if (name == "Left") return Direction::kLeft;
  node.at("direction").fail(fmt::format("unknown direction '{}', expected Left or Right", name));
}

size_t length(const JsonNode& node) {
  if (node.integer() < 0) node.fail(fmt::format("expected a length, found {}", node.integer()));
  return static_cast<size_t>(node.integer());
}

}  // namespace

std::vector<AddedToken> added_tokens_from_json(const JsonNode& node) {
  std::vector<AddedToken> tokens;
  for (const JsonNode& element : node.elements()) tokens.push_back(added_token(element));
  return tokens;
}

Truncation truncation_from_json(const JsonNode& node) {
  Truncation truncation;
  truncation.max_length = length(node.at("max_length"));
  truncation.direction = direction(node);
  const JsonNode strategy = node.at("strategy");
  if (strategy.string() == "LongestFirst") {
    truncation.strategy = Truncation::kLongestFirst;
  } else if (strategy.string() == "OnlyFirst") {
    truncation.strategy = Truncation::kOnlyFirst;
  } else if (strategy.string() == "OnlySecond") {
    truncation.strategy = Truncation::kOnlySecond;
  } else {
    strategy.fail(fmt::format("unknown strategy '{}', expected LongestFirst, OnlyFirst or OnlySecond",
                              strategy.string()));
  }
  return truncation;
}

Padding padding_from_json(const JsonNode& node) {
  Padding padding;
  const JsonNode strategy = node.at("strategy");
  if (strategy.is_object()) {
    padding.fixed_length = length(strategy.at("Fixed"));
  } else if (strategy.string() != "BatchLongest") {
    strategy.fail(fmt::format("unknown strategy '{}', expected BatchLongest or Fixed", strategy.string()));
  }
  padding.direction = direction(node);
  if (const auto multiple = node.find("pad_to_multiple_of")) padding.pad_to_multiple_of = length(*multiple);
  padding.pad_id = node.at("pad_id").integer();
  padding.pad_type_id = static_cast<uint32_t>(length(node.at("pad_type_id")));
  padding.pad_token = node.at("pad_token").string();
  return padding;
}

std::unique_ptr<Pattern> pattern_from_json(const JsonNode& node) {
  if (const auto literal = node.find("String")) {
    if (literal->string().empty()) literal->fail_not_supported("an empty pattern");
    return literal_pattern(std::string(literal->string()));
  }
  const JsonNode expression = node.at("Regex");
  try {
    return regex_pattern(std::string(expression.string()));
  } catch (Error& error) {
    error.add_key(expression.path());
    throw;
  }
}

std::string character_from_json(const JsonNode& node) {
  const std::string_view text = node.string();
  if (count_code_points(text) != 1) node.fail(fmt::format("expected one character, found '{}'", text));
  return std::string(text);
}

}  // namespace tessera::tokenizer
