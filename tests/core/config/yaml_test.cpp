#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/config/config.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

std::filesystem::path write(const std::string& text) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "tessera-run.yaml";
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

TEST(RunFile, FillsTheSettings) {
  Config config = Config::from_environment();
  load_yaml(write("model: some-org/some-model\n"
                  "compile:\n"
                  "  num_threads: 2\n"
                  "  passes:\n"
                  "    - kv-cache\n"
                  "    - select-logits: {mode: last-k, count: 3}\n"
                  "  options: {huge-pages: true}\n"
                  "generate:\n"
                  "  prompt: [one, 'two words']\n"
                  "  input_ids: [1, 2]\n"
                  "  stop:\n"
                  "output: {json: true}\n"),
            config);
  EXPECT_EQ(config.text("model"), "some-org/some-model");
  EXPECT_EQ(config.integer("compile.num_threads"), 2);
  EXPECT_EQ(config.passes("compile.passes")[1].options[1].second, "3");
  EXPECT_THAT(config.options("compile.options"), ElementsAre(testing::Pair("huge-pages", "true")));
  EXPECT_THAT(config.list("generate.prompt"), ElementsAre("one", "two words"));
  EXPECT_THAT(config.integers("generate.input_ids"), ElementsAre(1, 2));
  EXPECT_FALSE(config.has("generate.stop"));
  EXPECT_THAT(to_string(config.origin("output.json")), EndsWith("tessera-run.yaml:12"));
}

TEST(RunFile, RequestsBecomeJson) {
  Config config = Config::from_environment();
  load_yaml(write("requests:\n"
                  "  - {id: a, prompt: 'say \"hi\"', max_tokens: 3, temperature: .5, ignore_eos: true}\n"
                  "  - id: '7'\n"
                  "    input_ids: [1, 2]\n"
                  "    seed: null\n"),
            config);
  EXPECT_THAT(config.list("requests"),
              ElementsAre("{\"id\": \"a\", \"prompt\": \"say \\\"hi\\\"\", \"max_tokens\": 3, "
                          "\"temperature\": 0.5, \"ignore_eos\": true}",
                          "{\"id\": \"7\", \"input_ids\": [1, 2], \"seed\": null}"));
}

TEST(RunFile, OptionsOfABackendHaveASectionOfItsName) {
  Config config = Config::from_environment();
  load_yaml(write("compile: {backend: qaic}\n"
                  "qaic:\n"
                  "  num_cores: 16\n"
                  "  device_group: [0, 1]\n"
                  "  sdk:\n"),
            config);
  ASSERT_EQ(config.backend_sections().size(), 1u);
  const BackendSection& section = config.backend_sections()[0];
  EXPECT_EQ(section.backend, "qaic");
  EXPECT_THAT(section.options,
              ElementsAre(testing::Pair("num_cores", "16"), testing::Pair("device_group", "0,1")));
  EXPECT_THAT(section.where, EndsWith("tessera-run.yaml:2"));
}

TEST(RunFile, MapsAreMergedKeyByKey) {
  Config config = Config::from_environment();
  config.set("compile.options", {"a=flag"}, {OriginKind::kFlag, "--backend-option"});
  load_yaml(write("compile: {options: {a: yaml, b: yaml}}\n"), config);
  EXPECT_THAT(config.options("compile.options"),
              ElementsAre(testing::Pair("b", "yaml"), testing::Pair("a", "flag")));
}

TEST(RunFile, AFolderBesideItIsFoundFromAnywhere) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "model-folder";
  std::filesystem::create_directories(folder);
  Config config = Config::from_environment();
  load_yaml(write("model: model-folder\n"), config);
  EXPECT_TRUE(std::filesystem::equivalent(config.text("model"), folder));
}

struct BadFile {
  const char* name;
  const char* text;
  int line;
  const char* message;
  const char* remedy;
};
class RunFileRefuses : public testing::TestWithParam<BadFile> {};
TEST_P(RunFileRefuses, WithFileAndLine) {
  const BadFile& bad = GetParam();
  Config config = Config::from_environment();
  try {
    load_yaml(write(bad.text), config);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.file_name(), EndsWith("tessera-run.yaml:" + std::to_string(bad.line)));
    EXPECT_THAT(error.what(), HasSubstr(bad.message));
    EXPECT_THAT(error.remedy_text(), HasSubstr(bad.remedy));
  }
}
INSTANTIATE_TEST_SUITE_P(
    Files, RunFileRefuses,
    testing::Values(BadFile{"tab", "model: a\ncompile:\n\tbackend: cpu\n", 3, "not YAML",
                            "spaces, never with tabs"},
                    BadFile{"key", "model: a\ngenerate:\n  max_new_token: 3\n", 3,
                            "unknown key 'generate.max_new_token'", "did you mean 'max_new_tokens'?"},
                    BadFile{"section", "genrate:\n  stop: a\n", 1, "unknown key 'genrate'", "'generate'"},
                    BadFile{"type", "generate:\n\n  max_new_tokens: many\n", 3, "must be a whole number", ""},
                    BadFile{"list", "model: [a, b]\n", 1, "'model' must be a text", ""},
                    BadFile{"scalar_section", "compile: cpu\n", 1, "'compile' must be a map", ""},
                    BadFile{"map", "compile:\n  options: [a]\n", 2, "'compile.options' must be a map", ""},
                    BadFile{"twice", "model: a\nmodel: b\n", 2, "'model' is given twice", ""},
                    BadFile{"root", "- a\n- b\n", 1, "a run file is a map", ""}),
    [](const auto& info) { return info.param.name; });

TEST(RunFile, ThatDoesNotExistIsNamed) {
  Config config = Config::from_environment();
  try {
    load_yaml("no/such/run.yaml", config);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_EQ(error.file_name(), "no/such/run.yaml");
  }
}

}  // namespace
}  // namespace tessera
