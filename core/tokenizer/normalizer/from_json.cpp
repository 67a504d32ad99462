#include "core/tokenizer/from_json.hpp"

#include <fmt/format.h>

#include "core/tokenizer/normalizer/lowercase.hpp"
#include "core/tokenizer/normalizer/prepend.hpp"
#include "core/tokenizer/normalizer/replace.hpp"
#include "core/tokenizer/normalizer/sequence.hpp"

namespace tessera::tokenizer {
namespace {

std::unique_ptr<Normalizer> sequence(const JsonNode& node) {
  std::vector<std::unique_ptr<Normalizer>> steps;
  for (const JsonNode& step : node.at("normalizers").elements()) steps.push_back(normalizer_from_json(step));
  return std::make_unique<NormalizerSequence>(std::move(steps));
}

}  // namespace

std::unique_ptr<Normalizer> normalizer_from_json(const JsonNode& node) {
  const std::string_view type = node.at("type").string();
  if (type == "Sequence") return sequence(node);
  if (type == "Prepend") return std::make_unique<Prepend>(std::string(node.at("prepend").string()));
  if (type == "Replace") {
    return std::make_unique<ReplaceNormalizer>(pattern_from_json(node.at("pattern")),
                                               std::string(node.at("content").string()));
  }
  if (type == "Lowercase") return std::make_unique<Lowercase>();
  node.fail_not_supported(fmt::format("normalizer '{}' is not implemented", type));
}

}  // namespace tessera::tokenizer
