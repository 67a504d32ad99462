// Decoding id by id gives the text of decoding all at once, and never half a character.
#include <gtest/gtest.h>

#include "core/tokenizer/text/utf8.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "tests/core/tokenizer/test_data.hpp"

namespace tessera::tokenizer {
namespace {

std::string streamed(const Tokenizer& tokenizer, const std::vector<int64_t>& ids, bool skip_special_tokens) {
  StreamDecoder decoder(tokenizer, skip_special_tokens);
  std::string text;
  const auto take = [&](const std::string& part) {
    EXPECT_EQ(find_invalid_utf8(part), std::string_view::npos) << "half a character";
    text += part;
  };
  for (const int64_t id : ids) take(decoder.step(id));
  take(decoder.finish());
  return text;
}

class StreamDecoderGolden : public testing::TestWithParam<const char*> {};

TEST_P(StreamDecoderGolden, JoinedPartsEqualTheWhole) {
  const Tokenizer tokenizer = Tokenizer::from_folder(tokenizer_folder(GetParam()));
  for (const JsonDocument& document : read_lines(golden_file(GetParam()))) {
    const JsonNode line = document.root();
    SCOPED_TRACE(line.at("text").string());
    const std::vector<int64_t> ids = integers(line.at("ids"));
    EXPECT_EQ(streamed(tokenizer, ids, true), line.at("decoded").string());
    EXPECT_EQ(streamed(tokenizer, ids, false), line.at("decoded_full").string());
  }
}

TEST_P(StreamDecoderGolden, PrimedWithAnyPrefixGivesTheRest) {
  const Tokenizer tokenizer = Tokenizer::from_folder(tokenizer_folder(GetParam()));
  for (const JsonDocument& document : read_lines(golden_file(GetParam()))) {
    const JsonNode line = document.root();
    SCOPED_TRACE(line.at("text").string());
    const std::vector<int64_t> ids = integers(line.at("ids"));
    const std::string whole(line.at("decoded").string());
    for (size_t cut = 0; cut <= ids.size(); cut += 1 + ids.size() / 8) {
      const std::string prompt = tokenizer.decode(std::span(ids).first(cut));
      if (whole.compare(0, prompt.size(), prompt) != 0) continue;  // the prompt ends inside a character
      StreamDecoder decoder(tokenizer);
      decoder.prime(std::span(ids).first(cut));
      std::string rest;
      for (size_t i = cut; i < ids.size(); ++i) rest += decoder.step(ids[i]);
      rest += decoder.finish();
      EXPECT_EQ(prompt + rest, whole) << "cut at " << cut;
    }
  }
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, StreamDecoderGolden,
                         testing::Values("bert-tiny", "byte320", "gpt2-tiny", "llama-stories260k",
                                         "llama3-tiny", "mistral-tiny"),
                         test_name);

class StreamingUtf8 : public testing::TestWithParam<const char*> {};

TEST_P(StreamingUtf8, EqualsHuggingFaceWholeAndIdById) {
  const auto folder = tokenizer_folder("cases/011-streaming-utf8") / GetParam();
  const Tokenizer tokenizer = Tokenizer::from_folder(folder);
  const std::vector<JsonDocument> rows = read_lines(folder / "ids.jsonl");
  const std::vector<JsonDocument> expected = read_lines(folder / "expected.jsonl");
  ASSERT_EQ(rows.size(), expected.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(i);
    const std::vector<int64_t> ids = integers(rows[i].root());
    const std::string_view text = expected[i].root().at("text").string();
    const std::string_view full = expected[i].root().at("text_with_special").string();
    EXPECT_EQ(tokenizer.decode(ids), text);
    EXPECT_EQ(tokenizer.decode(ids, false), full);
    EXPECT_EQ(streamed(tokenizer, ids, true), text);
    EXPECT_EQ(streamed(tokenizer, ids, false), full);
  }
}

INSTANTIATE_TEST_SUITE_P(Case011, StreamingUtf8, testing::Values("fallback", "bytelevel"));

TEST(StreamDecoder, LeadingSpaceStaysBehindAPrompt) {
  const Tokenizer tokenizer = Tokenizer::from_folder(tokenizer_folder("llama-stories260k"));
  const std::vector<int64_t> prompt = tokenizer.encode("Once");
  const std::vector<int64_t> next = tokenizer.encode("upon", false);
  StreamDecoder decoder(tokenizer);
  decoder.prime(prompt);
  std::string text;
  for (const int64_t id : next) text += decoder.step(id);
  EXPECT_EQ(text + decoder.finish(), " upon");
}

TEST(StreamDecoder, CharacterBegunByThePromptComesWhole) {
  const Tokenizer tokenizer = Tokenizer::from_folder(tokenizer_folder("gpt2-tiny"));
  const std::vector<int64_t> ids =
      tokenizer.encode("\xF0\x9F\xA6\x99");  // one character, several byte tokens
  ASSERT_GT(ids.size(), 2u);
  StreamDecoder decoder(tokenizer);
  decoder.prime(std::span(ids).first(2));
  std::string text;
  for (size_t i = 2; i < ids.size(); ++i) text += decoder.step(ids[i]);
  EXPECT_EQ(text + decoder.finish(), "\xF0\x9F\xA6\x99");
}

TEST(StreamDecoder, UnknownIdsDecodeToNothing) {
  const Tokenizer tokenizer = Tokenizer::from_folder(tokenizer_folder("gpt2-tiny"));
  const std::vector<int64_t> ids = {-1, 1'000'000'000'000, INT64_MIN};
  EXPECT_EQ(tokenizer.decode(ids), "");
}

}  // namespace
}  // namespace tessera::tokenizer
