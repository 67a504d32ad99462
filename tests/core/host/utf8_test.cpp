#include "core/host/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tessera {
namespace {

TEST(Utf8, AcceptsCharactersOfOneToFourBytes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain"));
  EXPECT_TRUE(is_utf8("\xC3\xBC \xE2\x82\xAC \xF0\x9F\x99\x82"));  // u umlaut, euro, smile
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_utf8("\xF4\x8F\xBF\xBF"));  // 10FFFF, the last
}

TEST(Utf8, RefusesWhatIsNoCharacter) {
  for (const char* bad : {"\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x99", "\xC0\x80", "\xE0\x9F\xBF",
                          "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "a\xFC"})
    EXPECT_FALSE(is_utf8(bad)) << testing::PrintToString(bad);
}

TEST(Utf8, MendingReplacesOnlyWhatIsBroken) {
  EXPECT_EQ(to_utf8("M\xFCller \xE2\x82\xAC"), "M\xEF\xBF\xBDller \xE2\x82\xAC");
  EXPECT_EQ(to_utf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_TRUE(is_utf8(to_utf8("\xFF\xFE\x80")));
}

}  // namespace
}  // namespace tessera
