#include "core/json/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <string>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using ::testing::HasSubstr;

TEST(Json, BuildsTheValue) {
  const char* text =
      R"({"a":[1,-2,3.5,true,null,{"b":"\u00e9\ud83d\ude00"}],"c":{},"d":[],"e":18446744073709551615})";
  boost::json::value value = parse_json(text, "f");
  EXPECT_EQ(boost::json::serialize(value),
            "{\"a\":[1,-2,3.5E0,true,null,{\"b\":\"\u00e9\U0001F600\"}],\"c\":{},\"d\":[],\"e\":"
            "18446744073709551615}");
}

TEST(Json, TheTopLevelMayBeAnything) {
  EXPECT_EQ(parse_json(" 7 ", "f").as_int64(), 7);
  EXPECT_TRUE(parse_json("null", "f").is_null());
  EXPECT_THROW(parse_json_object("7", "f"), Error);
}

TEST(Json, OfEqualKeysTheLastWinsUnlessRefused) {
  const char* text = R"({"a":1,"b":{"a":2},"a":3})";
  EXPECT_EQ(parse_json_object(text, "f").at("a").as_int64(), 3);
  EXPECT_THROW(parse_json_object(text, "f", DuplicateKeys::kError), Error);
  EXPECT_NO_THROW(
      parse_json_object(R"({"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]})", "f", DuplicateKeys::kError));
}

struct Refused {
  const char* name;
  std::string text;
  std::string key;
  uint64_t offset;
  const char* message;
};
void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}

class JsonRefuses : public ::testing::TestWithParam<Refused> {};

TEST_P(JsonRefuses, NamingFileKeyAndPlace) {
  try {
    parse_json(GetParam().text, "config.json", DuplicateKeys::kError);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_EQ(error.file_name(), "config.json");
    EXPECT_EQ(error.key_name(), GetParam().key);
    EXPECT_EQ(error.byte_offset(), GetParam().offset);
    EXPECT_THAT(error.message(), HasSubstr(GetParam().message));
    EXPECT_FALSE(error.remedy_text().empty());
  }
}

std::string levels(int count) {
  std::string path;
  for (int i = 0; i < count; ++i) path += "[0]";
  return path;
}

const Refused kTexts[] = {
    {"empty", "", "", 0, "the text is empty, line 1, column 1"},
    {"cut", "{\"a\": {\"b\": [1,", "a.b[1]", 15, "ends too early"},
    {"more", "{} {}", "", 3, "more text after the JSON value, line 1, column 4"},
    {"nan", "{\"a\":\n {\"f\": [1, NaN]}}", "a.f[1]", 17, "NaN and Infinity are no JSON numbers, line 2"},
    {"infinity", "{\"a\":Infinity}", "a", 5, "NaN and Infinity"},
    {"negative_infinity", "{\"a\":-Infinity}", "a", 6, "NaN and Infinity"},
    {"twice", R"({"a":{"b":1,"b":2}})", "a.b", 14, "the key occurs twice"},
    {"comment", "{ // no\n}", "", 2, "not JSON"},
    {"trailing_comma", "{\"a\":[1,]}", "a[1]", 8, "not JSON"},
    {"single_quotes", "{'a':1}", "", 1, "not JSON"},
    {"tab_in_string", "{\"a\":\"\t\"}", "a", 6, "not JSON"},
    {"deep", std::string(40, '['), levels(32), 32, "more than 32 levels"},
};
INSTANTIATE_TEST_SUITE_P(Texts, JsonRefuses, ::testing::ValuesIn(kTexts),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Json, EveryTruncationIsRefusedAndEveryFlippedByteSurvived) {
  const std::string text = R"({"a":[1,-2.5e3,true,null,{"b":"\u00e9é"}],"c":{"d":"x"}})";
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_THROW(parse_json(std::string_view(text).substr(0, length), "f"), Error) << length;
  }
  size_t refused = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    for (int flip = 1; flip < 256; ++flip) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      try {
        parse_json(damaged, "f", DuplicateKeys::kError);
      } catch (const Error& error) {
        EXPECT_LE(error.byte_offset(), damaged.size());
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, text.size() * 100);
}

}  // namespace
}  // namespace tessera
