// Every tokenizer against what Hugging Face's library says of some 240 hostile texts.
#include <gtest/gtest.h>

#include "core/tokenizer/tokenizer.hpp"
#include "tests/core/tokenizer/test_data.hpp"

namespace tessera::tokenizer {
namespace {

class Golden : public testing::TestWithParam<const char*> {
 protected:
  const Tokenizer tokenizer = Tokenizer::from_folder(tokenizer_folder(GetParam()));
  const std::vector<JsonDocument> lines = read_lines(golden_file(GetParam()));
};

std::vector<uint32_t> type_ids(const JsonNode& node) {
  const std::vector<int64_t> ids = integers(node);
  return {ids.begin(), ids.end()};
}

TEST_P(Golden, IdsEqualHuggingFace) {
  ASSERT_GT(lines.size(), 200u);
  for (const JsonDocument& document : lines) {
    const JsonNode line = document.root();
    SCOPED_TRACE(line.at("text").string());
    EXPECT_EQ(tokenizer.encode(line.at("text").string()), integers(line.at("ids")));
    EXPECT_EQ(tokenizer.encode(line.at("text").string(), false), integers(line.at("ids_plain")));
  }
}

TEST_P(Golden, EncodingsEqualHuggingFace) {
  for (const JsonDocument& document : lines) {
    const JsonNode line = document.root();
    SCOPED_TRACE(line.at("text").string());
    const Encoding encoding = tokenizer.encode_with_offsets(line.at("text").string());
    EXPECT_EQ(encoding.ids, integers(line.at("ids")));
    EXPECT_EQ(encoding.tokens, strings(line.at("tokens")));
    EXPECT_EQ(encoding.offsets, ranges(line.at("offsets")));
    EXPECT_EQ(encoding.type_ids, type_ids(line.at("type_ids")));
    EXPECT_EQ(encoding.attention_mask, std::vector<uint32_t>(encoding.ids.size(), 1));
    EXPECT_EQ(encoding.special_tokens_mask.size(), encoding.ids.size());
  }
}

TEST_P(Golden, DecodedTextEqualsHuggingFace) {
  for (const JsonDocument& document : lines) {
    const JsonNode line = document.root();
    SCOPED_TRACE(line.at("text").string());
    const std::vector<int64_t> ids = integers(line.at("ids"));
    EXPECT_EQ(tokenizer.decode(ids), line.at("decoded").string());
    EXPECT_EQ(tokenizer.decode(ids, false), line.at("decoded_full").string());
  }
}

std::string golden_case_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Golden,
                         testing::Values("bert-tiny", "byte320", "gpt2-tiny", "llama-stories260k",
                                         "llama3-tiny", "mistral-tiny"),
                         golden_case_name);

}  // namespace
}  // namespace tessera::tokenizer
