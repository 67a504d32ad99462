// config.json is read key by key, and what is wrong is said with the key's path.
#include "models/blocks/config.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace tessera::blocks {
namespace {

TEST(ConfigReading, TakesNullForAbsent) {
  const Config config = Config::parse(R"({"head_dim": null, "n": 3})");
  EXPECT_FALSE(config.has("head_dim"));
  EXPECT_EQ(config.size("head_dim", 16), 16);
  EXPECT_EQ(config.size("n"), 3);
  EXPECT_FALSE(config.section("rope_scaling").has_value());
}

TEST(ConfigReading, TakesAWholeNumberWithAPoint) {
  EXPECT_EQ(Config::parse(R"({"original": 8192.0})").integer("original"), 8192);
}

struct Bad {
  const char* name;
  const char* json;
  std::function<void(const Config&)> read;
  ErrorCode code;
  const char* message;
  const char* key;
};
void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.name;
}
class ConfigRefusal : public testing::TestWithParam<Bad> {};

TEST_P(ConfigRefusal, NamesTheKey) {
  const Bad& bad = GetParam();
  try {
    bad.read(Config::parse(bad.json));
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), bad.code);
    EXPECT_EQ(error.message(), bad.message);
    EXPECT_EQ(error.key_name(), bad.key);
    EXPECT_EQ(error.file_name(), "config.json");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigRefusal,
    testing::Values(
        Bad{"Missing", "{}", [](const Config& c) { c.size("vocab_size"); }, ErrorCode::kNotFound,
            "'vocab_size' is missing", "vocab_size"},
        Bad{"NullIsMissing", R"({"vocab_size": null})", [](const Config& c) { c.size("vocab_size"); },
            ErrorCode::kNotFound, "'vocab_size' is missing", "vocab_size"},
        Bad{"TextForInteger", R"({"vocab_size": "32"})", [](const Config& c) { c.size("vocab_size"); },
            ErrorCode::kCorruptData, "'vocab_size' is a string, expected an integer", "vocab_size"},
        Bad{"Fraction", R"({"vocab_size": 2.5})", [](const Config& c) { c.size("vocab_size"); },
            ErrorCode::kCorruptData, "'vocab_size' is a number with a fraction, expected an integer",
            "vocab_size"},
        Bad{"Zero", R"({"vocab_size": 0})", [](const Config& c) { c.size("vocab_size"); },
            ErrorCode::kCorruptData, "'vocab_size' is 0, expected 1 to 16777216", "vocab_size"},
        Bad{"Negative", R"({"vocab_size": -1})", [](const Config& c) { c.size("vocab_size"); },
            ErrorCode::kCorruptData, "'vocab_size' is -1, expected 1 to 16777216", "vocab_size"},
        Bad{"Huge", R"({"vocab_size": 99999999999})", [](const Config& c) { c.size("vocab_size"); },
            ErrorCode::kCorruptData, "'vocab_size' is 99999999999, expected 1 to 16777216", "vocab_size"},
        Bad{"NotPositive", R"({"eps": 0})", [](const Config& c) { c.positive("eps"); },
            ErrorCode::kCorruptData, "'eps' is 0, expected a number > 0", "eps"},
        Bad{"TooLargeForAFloat", R"({"eps": 1e200})", [](const Config& c) { c.positive("eps"); },
            ErrorCode::kCorruptData, "'eps' is 1e+200, expected a number > 0", "eps"},
        Bad{"TextForFlag", R"({"bias": "yes"})", [](const Config& c) { c.flag("bias", false); },
            ErrorCode::kCorruptData, "'bias' is a string, expected true or false", "bias"},
        Bad{"NumberForText", R"({"act": 1})", [](const Config& c) { c.text("act", ""); },
            ErrorCode::kCorruptData, "'act' is an integer, expected a string", "act"},
        Bad{"ListForObject", R"({"rope": []})", [](const Config& c) { c.section("rope"); },
            ErrorCode::kCorruptData, "'rope' is an array, expected an object", "rope"},
        Bad{"KeyInASection", R"({"rope": {"factor": true}})",
            [](const Config& c) { c.section("rope")->positive("factor"); }, ErrorCode::kCorruptData,
            "'rope.factor' is a boolean, expected a number", "rope.factor"},
        Bad{"ElementOfAList", R"({"f": [1, -2]})", [](const Config& c) { c.positives("f"); },
            ErrorCode::kCorruptData, "'f[1]' is -2, expected a number > 0", "f[1]"},
        Bad{"NumberInAListOfTexts", R"({"architectures": [7]})",
            [](const Config& c) { c.texts("architectures"); }, ErrorCode::kCorruptData,
            "'architectures' has an integer where a list of strings is expected", "architectures"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tessera::blocks
