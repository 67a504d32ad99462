#include "core/tokenizer/text/utf8.hpp"

#include <gtest/gtest.h>

namespace tessera::tokenizer {
namespace {

TEST(Utf8, FindsTheFirstByteThatIsNotPartOfACharacter) {
  struct Case {
    std::string_view text;
    size_t invalid;
  };
  constexpr size_t kValid = std::string_view::npos;
  const Case cases[] = {
      {"", kValid},
      {"plain ASCII of more than eight bytes", kValid},
      {std::string_view("\0", 1), kValid},
      {"\xC3\xA9\xE4\xB8\xAD\xF0\x9F\xA6\x99", kValid},
      {"ab\x80", 2},            // a continuation alone
      {"ab\xC3", 2},            // cut off
      {"\xC0\xAF", 0},          // overlong
      {"\xE0\x9F\xBF", 0},      // overlong
      {"a\xED\xA0\x80", 1},     // a surrogate
      {"\xF4\x90\x80\x80", 0},  // above U+10FFFF
      {"12345678\xFF", 8},
  };
  for (const Case& c : cases) EXPECT_EQ(find_invalid_utf8(c.text), c.invalid) << c.text;
}

TEST(Utf8, LossyTextHasOneReplacementForEachMaximalIllFormedPart) {
  std::string out;
  append_lossy_utf8(out,
                    "a\xF0\x9F\xA6"
                    "b\xE4\xB8",
                    Tail::kReplace);
  EXPECT_EQ(out,
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

TEST(Utf8, LossyTextIsTheSameHoweverTheBytesAreCut) {
  const std::string bytes =
      "a\xC3\xA9\xFF\xF0\x9F\xA6\x99\xE4\xB8\xF0\x9F"
      "b\xED\xA0\x80\xC3";
  std::string whole;
  append_lossy_utf8(whole, bytes, Tail::kReplace);
  std::string text, pending;
  for (const char byte : bytes) {
    pending += byte;
    pending.erase(0, append_lossy_utf8(text, pending, Tail::kKeep));
    EXPECT_EQ(find_invalid_utf8(text), std::string_view::npos);
  }
  append_lossy_utf8(text, pending, Tail::kReplace);
  EXPECT_EQ(text, whole);
}

}  // namespace
}  // namespace tessera::tokenizer
