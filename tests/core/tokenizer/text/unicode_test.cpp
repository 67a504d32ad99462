// Every code point against what Hugging Face's library (0.23) says of it. The golden has ranges, first and
// last, and for mappings the number of characters that change and a hash over "CODE=TEXT;" of each.
#include "core/tokenizer/text/unicode.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "core/tokenizer/normalizer/bert.hpp"
#include "core/tokenizer/normalizer/lowercase.hpp"
#include "core/tokenizer/normalizer/unicode_form.hpp"
#include "core/tokenizer/text/utf8.hpp"
#include "tests/core/tokenizer/test_data.hpp"

namespace tessera::tokenizer {
namespace {

template <typename Visit>
void for_each_code_point(Visit visit) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c < 0xD800 || c > 0xDFFF) visit(c);
  }
}

std::vector<int64_t> ranges_of(const std::function<bool(char32_t)>& property) {
  std::vector<int64_t> ranges;
  for_each_code_point([&](char32_t c) {
    if (!property(c)) return;
    const bool goes_on = !ranges.empty() && ranges.back() + 1 == static_cast<int64_t>(c);
    if (!goes_on) ranges.push_back(c);
    goes_on ? void(ranges.back() = c) : ranges.push_back(c);
  });
  return ranges;
}

std::string normalized(const Normalizer& normalizer, char32_t c) {
  std::string character;
  append_utf8(character, c);
  AlignedText text(character, 0, Tracking::kOff);
  normalizer.normalize(text);
  return std::string(text.text());
}

class Unicode : public testing::Test {
 protected:
  void expect_property(const char* name, const std::function<bool(char32_t)>& property) const {
    EXPECT_EQ(ranges_of(property), integers(golden.root().at(name))) << name;
  }

  void expect_mapping(const char* name, const Normalizer& normalizer) const {
    uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
    int64_t changed = 0;
    for_each_code_point([&](char32_t c) {
      std::string before;
      append_utf8(before, c);
      const std::string after = normalized(normalizer, c);
      if (after == before) return;
      ++changed;
      char code[16];
      std::snprintf(code, sizeof code, "%X=", static_cast<unsigned>(c));
      for (const char byte : code + after + ";")
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
    });
    char text[20];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    const JsonNode expected = golden.root().at(name);
    EXPECT_EQ(changed, expected.at("changed").integer()) << name;
    EXPECT_EQ(text, expected.at("fnv1a").string()) << name;
  }

  const std::string text = read_text(golden_file("unicode").replace_extension(".json"));
  const JsonDocument golden{text};
};

TEST_F(Unicode, ClassesOfTheSplitPatterns) {
  expect_property("letter", [](char32_t c) { return char_class(c) == CharClass::kLetter; });
  expect_property("number", [](char32_t c) { return char_class(c) == CharClass::kNumber; });
  expect_property("whitespace", is_whitespace);
}

TEST_F(Unicode, PropertiesOfThePreTokenizers) {
  expect_property("word", is_word_character);
  expect_property("numeric", is_numeric);
  expect_property("punctuation", is_punctuation);
}

TEST_F(Unicode, WhatStripAccentsAndBertTakeOut) {
  expect_property("mark", is_mark);
  expect_property("nonspacing_mark", is_nonspacing_mark);
  BertNormalizer::Config only_clean;
  only_clean.handle_chinese_chars = only_clean.strip_accents = only_clean.lowercase = false;
  const BertNormalizer clean(only_clean);
  expect_property("cleaned_away", [&](char32_t c) { return normalized(clean, c).empty(); });
  expect_property("cleaned_to_space", [&](char32_t c) { return c != U' ' && normalized(clean, c) == " "; });
}

TEST_F(Unicode, NormalizationForms) {
  expect_mapping("nfc", UnicodeForm(UnicodeForm::kNfc));
  expect_mapping("nfd", UnicodeForm(UnicodeForm::kNfd));
  expect_mapping("nfkc", UnicodeForm(UnicodeForm::kNfkc));
  expect_mapping("nfkd", UnicodeForm(UnicodeForm::kNfkd));
}

TEST_F(Unicode, LowerCase) {
  expect_mapping("lower", Lowercase());
}

}  // namespace
}  // namespace tessera::tokenizer
