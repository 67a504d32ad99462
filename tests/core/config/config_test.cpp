#include "core/config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(PassSpec, AValueMayBeAList) {
  const PassSpec pass = parse_pass("inline-functions:keep=a.*,b.*,x=1");
  EXPECT_EQ(pass.options.at(0).second, "a.*,b.*");
  EXPECT_EQ(pass.options.at(1).first, "x");
}

TEST(Config, HigherOriginWinsWhateverTheOrder) {
  Config config = Config::from_environment();
  config.set("compile.backend", {"from-flag"}, {OriginKind::kFlag, "--backend"});
  config.set("compile.backend", {"from-yaml"}, {OriginKind::kYaml, "run.yaml:3"});
  EXPECT_EQ(config.text("compile.backend"), "from-flag");
  EXPECT_EQ(to_string(config.origin("compile.backend")), "flag --backend");
}

TEST(Config, EnvironmentStandsBetweenYamlAndFlag) {
  setenv("TESSERA_ISA", "portable", 1);
  Config config = Config::from_environment();
  unsetenv("TESSERA_ISA");
  config.set("compile.isa", {"avx2"}, {OriginKind::kYaml, "run.yaml:3"});
  EXPECT_EQ(config.text("compile.isa"), "portable");
  EXPECT_EQ(to_string(config.origin("compile.isa")), "environment TESSERA_ISA");
}

TEST(Config, DefaultsAreThoseOfTheTable) {
  Config config;
  config = Config::from_environment();
  EXPECT_EQ(config.integer("generate.max_new_tokens"), -1);
  EXPECT_TRUE(config.boolean("generate.add_special_tokens"));
  EXPECT_FALSE(config.has("generate.prompt"));
  EXPECT_EQ(to_string(config.origin("generate.max_new_tokens")), "default");
}

TEST(Config, PassesKeepTheirOptions) {
  Config config = Config::from_environment();
  config.set("compile.passes", {"kv-cache", "select-logits:mode=last-k,count=3"},
             {OriginKind::kFlag, "--passes"});
  const std::vector<PassSpec> passes = config.passes("compile.passes");
  ASSERT_EQ(passes.size(), 2U);
  EXPECT_EQ(passes[0].id, "kv-cache");
  EXPECT_THAT(passes[1].options, ElementsAre(testing::Pair("mode", "last-k"), testing::Pair("count", "3")));
}

struct BadValue {
  const char* key;
  const char* text;
  const char* message;
};
class ConfigRefuses : public testing::TestWithParam<BadValue> {};
TEST_P(ConfigRefuses, AndNamesTheKey) {
  Config config = Config::from_environment();
  try {
    config.set(GetParam().key, {GetParam().text}, {OriginKind::kFlag, "--x"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    EXPECT_EQ(error.key_name(), GetParam().key);
  }
}
INSTANTIATE_TEST_SUITE_P(Values, ConfigRefuses,
                         testing::Values(BadValue{"compile.ctx_len", "12x", "'12x' is not a whole number"},
                                         BadValue{"compile.ctx_len", "-1", "below the least value, 0"},
                                         BadValue{"compile.ctx_len", "99999999999999999999",
                                                  "not a whole number"},
                                         BadValue{"generate.temperature", "0,5", "'0,5' is not a number"},
                                         BadValue{"generate.temperature", "nan", "is not a number"},
                                         BadValue{"generate.ignore_eos", "yes", "neither true nor false"},
                                         BadValue{"compile.options", "threads", "key=value"},
                                         BadValue{"compile.passes", ":a=b", "names no pass"},
                                         BadValue{"compile.backnd", "cpu", "no setting 'compile.backnd'"}));

TEST(Schema, TheFileInConfigsIsTheTable) {
  const std::string path = std::string(std::getenv("TESSERA_TEST_DATA")) + "/../configs/run.schema.json";
  if (std::getenv("TESSERA_ACCEPT") != nullptr) {
    std::ofstream(path) << run_schema();
    GTEST_SKIP() << "rewrote " << path;
  }
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), run_schema()) << "TESSERA_ACCEPT=1 rewrites " << path;
}

}  // namespace
}  // namespace tessera
