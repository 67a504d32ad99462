// The rotary tables of every scaling and spelling equal those of Hugging Face's formulas. The expected
// numbers were computed with numpy in float32, in the order of operations of transformers 5.
#include "models/blocks/rope_config.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace tessera::blocks {
namespace {

const std::vector<float> kDefault = {1, 0.100000001f, 0.00999999978f, 0.00100000005f};
const std::vector<float> kLlama3 = {1,
                                    0.079403013f,
                                    0.00470075384f,
                                    0.000911583134f,
                                    0.000176776681f,
                                    3.42810235e-05f,
                                    6.64787058e-06f,
                                    1.28917316e-06f};
const std::vector<float> kYarn = {1,
                                  0.237170815f,
                                  0.049999997f,
                                  0.00790569466f,
                                  0.00249999994f,
                                  0.000790569466f,
                                  0.000250000012f,
                                  7.90569466e-05f};
const std::vector<float> kLong = {1, 0.0799999982f, 0.00499999989f, 0.000250000012f};

struct Good {
  const char* name;
  int64_t head_dim;
  const char* json;
  std::vector<float> inv_freq;
  float scale = 1;
};
void PrintTo(const Good& good, std::ostream* out) {
  *out << good.name;
}
class RopeTable : public testing::TestWithParam<Good> {};

TEST_P(RopeTable, EqualsHuggingFace) {
  const Good& good = GetParam();
  const RopeConfig rope = read_rope(Config::parse(good.json), good.head_dim, 256);
  ASSERT_EQ(rope.inv_freq.size(), good.inv_freq.size());
  for (size_t i = 0; i < good.inv_freq.size(); ++i) EXPECT_FLOAT_EQ(rope.inv_freq[i], good.inv_freq[i]) << i;
  EXPECT_FLOAT_EQ(rope.scale, good.scale);
  EXPECT_EQ(rope.max_positions, 256);
}

#define LLAMA3 \
  R"("factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64)"
#define YARN R"("rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64)"
#define LONG R"("rope_type": "longrope", "short_factor": [1, 1.25, 2, 4], "long_factor": [1, 2, 3, 4])"

INSTANTIATE_TEST_SUITE_P(
    Types, RopeTable,
    testing::Values(
        Good{"NoSettings", 8, "{}", kDefault}, Good{"NullScaling", 8, R"({"rope_scaling": null})", kDefault},
        Good{"EmptyScaling", 8, R"({"rope_scaling": {}, "rope_parameters": {"rope_theta": 10000}})",
             kDefault},
        Good{"Default", 8, R"({"rope_parameters": {"rope_type": "default", "rope_theta": 1e4}})", kDefault},
        Good{"Linear",
             8,
             R"({"rope_scaling": {"type": "linear", "factor": 4}})",
             {0.25f, 0.0250000004f, 0.00249999994f, 0.000250000012f}},
        Good{"Llama3", 16, R"({"rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3", )" LLAMA3 "}}",
             kLlama3},
        Good{"Yarn", 16, R"({"rope_scaling": {)" YARN "}}", kYarn, 1.138629436f},
        Good{"YarnNotTruncated",
             16,
             R"({"rope_scaling": {)" YARN R"(, "truncate": false}})",
             {1, 0.198583528f, 0.0255952496f, 0.00790569466f, 0.00249999994f, 0.000790569466f,
              0.000250000012f, 7.90569466e-05f},
             1.138629436f},
        Good{"YarnBetas",
             16,
             R"({"original_max_position_embeddings": 4096,
                 "rope_scaling": {"rope_type": "yarn", "factor": 4, "beta_fast": 8, "beta_slow": 2}})",
             {1, 0.316227764f, 0.100000001f, 0.0316227786f, 0.00749999937f, 0.00158113893f, 0.000250000012f,
              7.90569466e-05f},
             1.138629436f},
        Good{"YarnMscale", 16, R"({"rope_scaling": {)" YARN R"(, "mscale": 0.7, "mscale_all_dim": 0.5}})",
             kYarn, 1.02592865f},
        Good{"YarnOneMscaleAlone", 16, R"({"rope_scaling": {)" YARN R"(, "mscale": 0.7}})", kYarn,
             1.138629436f},
        Good{"YarnAttentionFactor", 16, R"({"rope_scaling": {)" YARN R"(, "attention_factor": 1.5}})", kYarn,
             1.5f},
        Good{"YarnBetaZeroIsNotGiven", 16, R"({"rope_scaling": {)" YARN R"(, "beta_fast": 0}})", kYarn,
             1.138629436f},
        Good{"LongRopeFactor", 8,
             R"({"rope_scaling": {)" LONG R"(, "factor": 4, "original_max_position_embeddings": 64}})", kLong,
             1.15470054f},
        Good{"LongRopeRatio", 8, R"({"original_max_position_embeddings": 32, "rope_scaling": {)" LONG "}}",
             kLong, 1.26491106f},
        Good{"LongRopeAttentionFactor", 8, R"({"rope_scaling": {)" LONG R"(, "attention_factor": 1.25}})",
             kLong, 1.25f},
        Good{"LongRopeNotStretched", 8, R"({"rope_scaling": {)" LONG "}}", kLong, 1.0f}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Spellings, RopeTable,
    testing::Values(
        Good{"ThetaInRopeParametersWins", 8, R"({"rope_theta": 5, "rope_parameters": {"rope_theta": 10000}})",
             kDefault},
        Good{"TypeIsTheOldName", 16, R"({"rope_theta": 5e5, "rope_scaling": {"type": "llama3", )" LLAMA3 "}}",
             kLlama3},
        Good{"RopeTypeWinsOverAStaleType", 16,
             R"({"rope_theta": 5e5, "rope_scaling": {"type": "linear", "rope_type": "llama3", )" LLAMA3 "}}",
             kLlama3},
        Good{"Version5", 16,
             R"({"rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0, )" LLAMA3 "}}", kLlama3},
        Good{
            "OriginalLengthAtTheTopWins", 16,
            R"({"original_max_position_embeddings": 64, "rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3",
                 "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 9}})",
            kLlama3}),
    [](const auto& info) { return info.param.name; });

TEST(RopeLength, IsNeededByDynamicAndLongRope) {
  const RopeConfig dynamic =
      read_rope(Config::parse(R"({"rope_scaling": {"type": "dynamic", "factor": 4.0}})"), 16, 64);
  EXPECT_TRUE(dynamic.needs_length());
  EXPECT_EQ(dynamic.original_length, 64);
  EXPECT_EQ(dynamic.max_positions, 256);
  const RopeConfig longrope = read_rope(Config::parse(R"({"original_max_position_embeddings": 32,
                                                          "rope_scaling": {)" LONG "}}"),
                                        8, 64);
  EXPECT_TRUE(longrope.needs_length());
  EXPECT_EQ(longrope.original_length, 32);
  EXPECT_FLOAT_EQ(longrope.long_inv_freq.at(1), 0.05f);
  EXPECT_FALSE(read_rope(Config::parse("{}"), 8, 64).needs_length());
}

struct BadRope {
  const char* name;
  const char* json;
  ErrorCode code;
  const char* message;
  const char* key;
};
void PrintTo(const BadRope& bad, std::ostream* out) {
  *out << bad.name;
}
class RopeRefusal : public testing::TestWithParam<BadRope> {};

TEST_P(RopeRefusal, NamesTheKey) {
  try {
    read_rope(Config::parse(GetParam().json), 8, 256);
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), GetParam().code);
    EXPECT_EQ(error.message(), GetParam().message);
    EXPECT_EQ(error.key_name(), GetParam().key);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, RopeRefusal,
    testing::Values(
        BadRope{"UnknownType", R"({"rope_scaling": {"rope_type": "mrope"}})", ErrorCode::kNotSupported,
                "'rope_scaling.rope_type' is 'mrope', which is not implemented", "rope_scaling.rope_type"},
        BadRope{"UnknownOldType", R"({"rope_scaling": {"type": "su"}})", ErrorCode::kNotSupported,
                "'rope_scaling.type' is 'su', which is not implemented", "rope_scaling.type"},
        BadRope{"NoFactor", R"({"rope_scaling": {"rope_type": "linear"}})", ErrorCode::kNotFound,
                "'rope_scaling.factor' is missing", "rope_scaling.factor"},
        BadRope{"NegativeFactor", R"({"rope_scaling": {"rope_type": "linear", "factor": -4}})",
                ErrorCode::kCorruptData, "'rope_scaling.factor' is -4, expected a number > 0",
                "rope_scaling.factor"},
        BadRope{"TextFactor", R"({"rope_parameters": {"rope_type": "yarn", "factor": "4"}})",
                ErrorCode::kCorruptData, "'rope_parameters.factor' is a string, expected a number",
                "rope_parameters.factor"},
        BadRope{"ZeroTheta", R"({"rope_theta": 0})", ErrorCode::kCorruptData,
                "'rope_theta' is 0, expected a number > 0", "rope_theta"},
        BadRope{"HugeDynamicFactor", R"({"rope_scaling": {"rope_type": "dynamic", "factor": 1e30}})",
                ErrorCode::kCorruptData,
                "'rope_scaling.factor' is 1e+30, more positions than any program can count",
                "rope_scaling.factor"},
        BadRope{"NoLowFrequency", R"({"rope_scaling": {"rope_type": "llama3", "factor": 8}})",
                ErrorCode::kNotFound, "'rope_scaling.low_freq_factor' is missing",
                "rope_scaling.low_freq_factor"},
        BadRope{
            "FrequenciesTheWrongWayRound",
            R"({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1}})",
            ErrorCode::kCorruptData,
            "'rope_scaling.high_freq_factor' is 1, expected more than low_freq_factor, which is 4",
            "rope_scaling.high_freq_factor"},
        BadRope{"NegativeBeta", R"({"rope_scaling": {"rope_type": "yarn", "factor": 4, "beta_slow": -1}})",
                ErrorCode::kCorruptData, "'rope_scaling.beta_slow' is -1, expected a number > 0",
                "rope_scaling.beta_slow"},
        BadRope{"YarnOfThetaOne", R"({"rope_theta": 1, "rope_scaling": {"rope_type": "yarn", "factor": 4}})",
                ErrorCode::kCorruptData, "'rope_theta' is 1, yarn needs more than 1", "rope_theta"},
        BadRope{"NoLongFactor",
                R"({"rope_scaling": {"rope_type": "longrope", "short_factor": [1, 1, 1, 1]}})",
                ErrorCode::kNotFound, "'rope_scaling.long_factor' is missing", "rope_scaling.long_factor"},
        BadRope{"TooFewFactors", R"({"rope_scaling": {"rope_type": "longrope", "short_factor": [1, 1]}})",
                ErrorCode::kCorruptData,
                "'rope_scaling.short_factor' has 2 numbers, expected 4 (half of head_dim)",
                "rope_scaling.short_factor"},
        BadRope{
            "ZeroLengthAtTheTop",
            R"({"original_max_position_embeddings": 0, "rope_scaling": {"rope_type": "yarn", "factor": 4}})",
            ErrorCode::kCorruptData, "'original_max_position_embeddings' is 0, expected 1 to 16777216",
            "original_max_position_embeddings"},
        BadRope{"ScalingIsNoObject", R"({"rope_scaling": "linear"})", ErrorCode::kCorruptData,
                "'rope_scaling' is a string, expected an object", "rope_scaling"},
        BadRope{"OneSectionPerKindOfLayer", R"({"rope_parameters": {"full_attention": {"rope_theta": 1e4}}})",
                ErrorCode::kNotSupported,
                "'rope_parameters.full_attention' sets rotary parameters for one kind of layer, which is not "
                "implemented",
                "rope_parameters.full_attention"},
        BadRope{"PartialRotary", R"({"partial_rotary_factor": 0.5})", ErrorCode::kNotSupported,
                "'partial_rotary_factor' is not 1, which is not implemented", "partial_rotary_factor"}),
    [](const auto& info) { return info.param.name; });

TEST(RopeRefusal, NotANumberIsNoJson) {
  try {
    read_rope(Config::parse(R"({"rope_scaling": {"rope_type": "linear", "factor": NaN}})"), 8, 256);
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_NE(error.key_name().find("factor"), std::string::npos) << error.key_name();
  }
}

}  // namespace
}  // namespace tessera::blocks
