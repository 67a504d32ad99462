// The split patterns that are written out as code cut every text as Oniguruma does.
#include "core/tokenizer/text/known_patterns.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/tokenizer/text/utf8.hpp"
#include "tests/core/tokenizer/test_data.hpp"

namespace tessera::tokenizer {
namespace {

struct KnownPattern {
  const char* name;
  std::string_view expression;
};

class KnownPatterns : public testing::TestWithParam<KnownPattern> {
 protected:
  void expect_equal(std::string_view text) const {
    std::vector<Span> ours, theirs;
    written_out->find(text, ours);
    oniguruma->find(text, theirs);
    ASSERT_EQ(ours.size(), theirs.size()) << text;
    for (size_t i = 0; i < ours.size(); ++i) {
      ASSERT_EQ(ours[i].begin, theirs[i].begin) << text;
      ASSERT_EQ(ours[i].end, theirs[i].end) << text;
    }
  }

  const std::unique_ptr<Pattern> written_out = known_pattern(GetParam().expression);
  const std::unique_ptr<Pattern> oniguruma = oniguruma_pattern(std::string(GetParam().expression));
};

TEST_P(KnownPatterns, GoldenTexts) {
  for (const JsonDocument& line : read_lines(golden_file("byte320")))
    expect_equal(line.root().at("text").string());
}

TEST_P(KnownPatterns, RandomMixturesOfWhatTheyLookAt) {
  const char* parts[] = {"a",
                         "Z",
                         "\xC3\xA9",
                         "\xE4\xB8\xAD",
                         "1",
                         "23",
                         "\xC2\xBD",
                         "\xE0\xA5\xA9",
                         " ",
                         "  ",
                         "\t",
                         "\n",
                         "\r\n",
                         "\r",
                         "\xC2\xA0",
                         "\xE3\x80\x80",
                         "'",
                         "'s",
                         "'S",
                         "'ll",
                         "'LL",
                         "'R",
                         "e",
                         "'v",
                         "\xC5\xBF",
                         "'\xC5\xBF",
                         "'\xE2\x84\xAA",
                         ".",
                         "!?",
                         "_",
                         "\xF0\x9F\xA6\x99",
                         "\xCC\x81",
                         "\xE2\x80\x8D",
                         "\x01",
                         "\xC2\x85",
                         "\xE2\x80\xA8",
                         "\xE2\x85\xA7",
                         "\xE2\x96\x81",
                         "\x0B"};
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (unsigned n = random() % 14; n > 0; --n) text += parts[random() % std::size(parts)];
    expect_equal(text);
  }
}

TEST_P(KnownPatterns, EveryCodePointThatOnigurumaKnows) {
  // Ours follow the newer tables of Hugging Face's library (unicode_test.cpp); the system's Oniguruma is
  // older.
  const std::unique_ptr<Pattern> unassigned = oniguruma_pattern("\\p{Cn}");
  for (char32_t c = 1; c < 0x110000; c += c < 0x30000 ? 1 : 0x101) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string character;
    append_utf8(character, c);
    std::vector<Span> matches;
    unassigned->find(character, matches);
    if (!matches.empty()) continue;
    expect_equal("a" + character + " " + character + character + "b1" + character);
    if (HasFatalFailure()) FAIL() << std::hex << static_cast<unsigned>(c);
  }
}

INSTANTIATE_TEST_SUITE_P(Expressions, KnownPatterns,
                         testing::Values(KnownPattern{"gpt2", kGpt2Pattern},
                                         KnownPattern{"llama3", kLlama3Pattern},
                                         KnownPattern{"qwen2", kQwen2Pattern},
                                         KnownPattern{"OuterSpaces", kOuterSpacesPattern},
                                         KnownPattern{"SpaceRun", kSpaceRunPattern},
                                         KnownPattern{"LeadingMark", kLeadingMarkPattern}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(KnownPattern, AnyOtherExpressionIsLeftToOniguruma) {
  EXPECT_EQ(known_pattern(R"(\s+)"), nullptr);
  EXPECT_EQ(known_pattern(std::string(kGpt2Pattern) + " "), nullptr);
}

}  // namespace
}  // namespace tessera::tokenizer
