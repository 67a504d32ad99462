// Small tokenizers that broke programs of this kind, with what Hugging Face's library says. A case is a
// folder with tokenizer.json, texts.jsonl (a text or a pair a line) and expected.jsonl.
#include <gtest/gtest.h>

#include "core/tokenizer/tokenizer.hpp"
#include "tests/core/tokenizer/test_data.hpp"

namespace tessera::tokenizer {
namespace {

class Case : public testing::TestWithParam<const char*> {};

Encoding encode(const Tokenizer& tokenizer, const JsonNode& line, const EncodeOptions& options) {
  if (line.is_string()) return tokenizer.encode_with_offsets(line.string(), options);
  const std::vector<std::string> pair = strings(line);
  return tokenizer.encode_pair(pair.at(0), pair.at(1), options);
}

template <typename T>
std::vector<int64_t> widened(const std::vector<T>& list) {
  return {list.begin(), list.end()};
}

TEST_P(Case, EqualsHuggingFace) {
  const auto folder = tokenizer_folder("cases") / GetParam();
  const Tokenizer tokenizer = Tokenizer::from_folder(folder);
  const std::vector<JsonDocument> texts = read_lines(folder / "texts.jsonl");
  const std::vector<JsonDocument> expected = read_lines(folder / "expected.jsonl");
  ASSERT_EQ(texts.size(), expected.size());
  ASSERT_FALSE(texts.empty());
  EncodeOptions options;
  options.truncate = options.pad = true;
  for (size_t i = 0; i < texts.size(); ++i) {
    SCOPED_TRACE(i);
    const Encoding encoding = encode(tokenizer, texts[i].root(), options);
    const JsonNode line = expected[i].root();
    EXPECT_EQ(encoding.ids, integers(line.at("ids")));
    if (const auto tokens = line.find("tokens")) {
      EXPECT_EQ(encoding.tokens, strings(*tokens));
    }
    if (const auto offsets = line.find("offsets")) {
      EXPECT_EQ(encoding.offsets, ranges(*offsets));
    }
    if (const auto ids = line.find("type_ids")) {
      EXPECT_EQ(widened(encoding.type_ids), integers(*ids));
    }
    if (const auto mask = line.find("attention_mask")) {
      EXPECT_EQ(widened(encoding.attention_mask), integers(*mask));
    }
  }
}

std::string case_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (c == '-' || c == '/') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(
    Folders, Case,
    testing::Values("001-prepend-after-special", "003-ignore-merges/off", "003-ignore-merges/on",
                    "005-added-token-flags", "008-bert-normalizer/false-lower",
                    "008-bert-normalizer/no-clean-no-cjk", "008-bert-normalizer/null-cased",
                    "008-bert-normalizer/null-lower", "008-bert-normalizer/true-cased",
                    "010-truncation-and-padding/fixed-pad", "010-truncation-and-padding/left",
                    "010-truncation-and-padding/left-multiple", "010-truncation-and-padding/pair-first",
                    "010-truncation-and-padding/pair-longest", "010-truncation-and-padding/right"),
    case_name);

}  // namespace
}  // namespace tessera::tokenizer
