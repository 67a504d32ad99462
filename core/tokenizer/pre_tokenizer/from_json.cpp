#include "core/tokenizer/from_json.hpp"

#include <fmt/format.h>

#include "core/tokenizer/pre_tokenizer/bert.hpp"
#include "core/tokenizer/pre_tokenizer/byte_level.hpp"
#include "core/tokenizer/pre_tokenizer/digits.hpp"
#include "core/tokenizer/pre_tokenizer/metaspace.hpp"
#include "core/tokenizer/pre_tokenizer/punctuation.hpp"
#include "core/tokenizer/pre_tokenizer/sequence.hpp"
#include "core/tokenizer/pre_tokenizer/split.hpp"
#include "core/tokenizer/pre_tokenizer/whitespace.hpp"

namespace tessera::tokenizer {
namespace {

SplitBehavior behavior_from_json(const JsonNode& node) {
  const std::string_view name = node.string();
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  node.fail(
      fmt::format("unknown behavior '{}', expected Removed, Isolated, MergedWithPrevious, MergedWithNext or "
                  "Contiguous",
                  name));
}

std::unique_ptr<PreTokenizer> split(const JsonNode& node) {
  const bool invert = node.boolean_or("invert", false);
  return std::make_unique<Split>(pattern_from_json(node.at("pattern")),
                                 behavior_from_json(node.at("behavior")),
                                 invert ? Delimiters::kGaps : Delimiters::kMatches);
}

std::unique_ptr<PreTokenizer> byte_level(const JsonNode& node, BpeInput model_input) {
  ByteLevelPreTokenizer::Config config;
  config.add_prefix_space = node.at("add_prefix_space").boolean();
  config.use_regex = node.boolean_or("use_regex", true);
  config.write_alphabet = model_input == BpeInput::kText;
  return std::make_unique<ByteLevelPreTokenizer>(config);
}

std::unique_ptr<PreTokenizer> metaspace(const JsonNode& node) {
  MetaspacePreTokenizer::Config config;
  config.replacement = character_from_json(node.at("replacement"));
  config.prepend_scheme = prepend_scheme_from_json(node);
  config.split = node.boolean_or("split", true);
  return std::make_unique<MetaspacePreTokenizer>(std::move(config));
}

std::unique_ptr<PreTokenizer> sequence(const JsonNode& node, BpeInput model_input) {
  const std::vector<JsonNode> elements = node.at("pretokenizers").elements();
  std::vector<std::unique_ptr<PreTokenizer>> steps;
  for (size_t i = 0; i < elements.size(); ++i) {
    const bool last = i + 1 == elements.size();
    steps.push_back(pre_tokenizer_from_json(elements[i], last ? model_input : BpeInput::kText));
  }
  return std::make_unique<PreTokenizerSequence>(std::move(steps));
}

}  // namespace

bool ends_with_byte_level(const JsonNode& node) {
  const std::string_view type = node.at("type").string();
  if (type == "ByteLevel") return true;
  if (type != "Sequence") return false;
  const std::vector<JsonNode> steps = node.at("pretokenizers").elements();
  return !steps.empty() && ends_with_byte_level(steps.back());
}

std::unique_ptr<PreTokenizer> pre_tokenizer_from_json(const JsonNode& node, BpeInput model_input) {
  const std::string_view type = node.at("type").string();
  if (type == "Sequence") return sequence(node, model_input);
  if (type == "ByteLevel") return byte_level(node, model_input);
  if (type == "Metaspace") return metaspace(node);
  if (type == "Split") return split(node);
  if (type == "BertPreTokenizer") return std::make_unique<BertPreTokenizer>();
  if (type == "CharDelimiterSplit") {
    return std::make_unique<Split>(literal_pattern(character_from_json(node.at("delimiter"))),
                                   SplitBehavior::kRemoved, Delimiters::kMatches);
  }
  if (type == "Digits") {
    return std::make_unique<Digits>(node.at("individual_digits").boolean() ? Digits::kIndividual
                                                                           : Digits::kRuns);
  }
  if (type == "Punctuation") {
    const auto behavior = node.find("behavior");
    return std::make_unique<Punctuation>(behavior ? behavior_from_json(*behavior) : SplitBehavior::kIsolated);
  }
  if (type == "Whitespace") return std::make_unique<Whitespace>();
  if (type == "WhitespaceSplit") return std::make_unique<WhitespaceSplit>();
  node.fail_not_supported(fmt::format("pre-tokenizer '{}' is not implemented", type));
}

PrependScheme prepend_scheme_from_json(const JsonNode& node) {
  const bool prefix = node.boolean_or("add_prefix_space", true);  // the old spelling
  const auto scheme = node.find("prepend_scheme");
  if (!scheme) return prefix ? PrependScheme::kAlways : PrependScheme::kNever;
  if (!prefix && scheme->string() != "never") {
    scheme->fail("contradicts add_prefix_space, which is false: expected 'never'");
  }
  if (scheme->string() == "always") return PrependScheme::kAlways;
  if (scheme->string() == "first") return PrependScheme::kFirst;
  if (scheme->string() == "never") return PrependScheme::kNever;
  scheme->fail(fmt::format("unknown prepend_scheme '{}', expected always, first or never", scheme->string()));
}

}  // namespace tessera::tokenizer
