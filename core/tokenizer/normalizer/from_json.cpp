#include "core/tokenizer/from_json.hpp"

#include <fmt/format.h>

#include "core/tokenizer/normalizer/bert.hpp"
#include "core/tokenizer/normalizer/byte_level.hpp"
#include "core/tokenizer/normalizer/lowercase.hpp"
#include "core/tokenizer/normalizer/nmt.hpp"
#include "core/tokenizer/normalizer/precompiled.hpp"
#include "core/tokenizer/normalizer/prepend.hpp"
#include "core/tokenizer/normalizer/replace.hpp"
#include "core/tokenizer/normalizer/sequence.hpp"
#include "core/tokenizer/normalizer/strip.hpp"
#include "core/tokenizer/normalizer/strip_accents.hpp"
#include "core/tokenizer/normalizer/unicode_form.hpp"
#include "core/tokenizer/text/base64.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

std::unique_ptr<Normalizer> sequence(const JsonNode& node) {
  std::vector<std::unique_ptr<Normalizer>> steps;
  for (const JsonNode& step : node.at("normalizers").elements()) steps.push_back(normalizer_from_json(step));
  return std::make_unique<NormalizerSequence>(std::move(steps));
}

std::unique_ptr<Normalizer> bert(const JsonNode& node) {
  BertNormalizer::Config config;
  config.clean_text = node.at("clean_text").boolean();
  config.handle_chinese_chars = node.at("handle_chinese_chars").boolean();
  config.lowercase = node.at("lowercase").boolean();
  config.strip_accents = node.boolean_or("strip_accents", config.lowercase);  // null: as lowercase says
  return std::make_unique<BertNormalizer>(config);
}

std::unique_ptr<Normalizer> precompiled(const JsonNode& node) {
  const JsonNode map = node.at("precompiled_charsmap");
  const auto bytes = decode_base64(map.string());
  if (!bytes) map.fail("is not base64");
  try {
    return std::make_unique<Precompiled>(*bytes);
  } catch (Error& error) {
    error.add_key(map.path());
    throw;
  }
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
  if (type == "BertNormalizer") return bert(node);
  if (type == "ByteLevel") return std::make_unique<ByteLevelNormalizer>();
  if (type == "NFC") return std::make_unique<UnicodeForm>(UnicodeForm::kNfc);
  if (type == "NFD") return std::make_unique<UnicodeForm>(UnicodeForm::kNfd);
  if (type == "NFKC") return std::make_unique<UnicodeForm>(UnicodeForm::kNfkc);
  if (type == "NFKD") return std::make_unique<UnicodeForm>(UnicodeForm::kNfkd);
  if (type == "Nmt") return std::make_unique<Nmt>();
  if (type == "Precompiled") return precompiled(node);
  if (type == "Strip") {
    return std::make_unique<StripNormalizer>(node.at("strip_left").boolean(),
                                             node.at("strip_right").boolean());
  }
  if (type == "StripAccents") return std::make_unique<StripAccents>();
  node.fail_not_supported(fmt::format("normalizer '{}' is not implemented", type));
}

}  // namespace tessera::tokenizer
