/// The three steps of a user, as the examples write them, on both backends.
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/cli/process.hpp"

namespace tessera::test {
namespace {

/// The program that `variable` names, with a model of the tests.
Finished run_example(const char* variable, const char* model, std::vector<std::string> words) {
  setenv("TESSERA_BINARY", std::getenv(variable), 1);
  words.insert(words.begin(), (test_data() / "models" / model).string());
  return run_tessera(words);
}

std::vector<std::string> on_standin(std::vector<std::string> options = {}) {
  options.insert(options.begin(),
                 {"qaic", std::string("sdk=") + std::getenv("TESSERA_QAIC_STANDIN"), "precision=fp32"});
  return options;
}

TEST(CloudAi100Examples, ACausalModelSaysTheSameOnBoth) {
  const Finished cpu = run_example("TESSERA_EXAMPLE_GENERATE", "llama-stories260k", {"cpu"});
  ASSERT_EQ(cpu.exit_code, 0) << cpu.err;
  EXPECT_NE(cpu.out.find("20 tokens: "), std::string::npos) << cpu.out;
  const Finished card = run_example("TESSERA_EXAMPLE_GENERATE", "llama-stories260k", on_standin());
  ASSERT_EQ(card.exit_code, 0) << card.err;
  EXPECT_EQ(card.out, cpu.out);
}

TEST(CloudAi100Examples, AnEncoderGivesItsHiddenStatesByTheSameName) {
  const Finished cpu = run_example("TESSERA_EXAMPLE_ENCODE", "bert-tiny-embed", {"cpu"});
  ASSERT_EQ(cpu.exit_code, 0) << cpu.err;
  EXPECT_EQ(cpu.out.rfind("last_hidden_state ", 0), 0U) << cpu.out;
  const Finished card =
      run_example("TESSERA_EXAMPLE_ENCODE", "bert-tiny-embed", on_standin({"seq-len=16,32"}));
  ASSERT_EQ(card.exit_code, 0) << card.err;
  EXPECT_EQ(card.out.substr(0, card.out.find('\n')), cpu.out.substr(0, cpu.out.find('\n')));
  const auto similarity = [](const Finished& run) {
    return std::strtod(run.out.c_str() + run.out.find("alike: ") + 7, nullptr);
  };
  EXPECT_NEAR(similarity(card), similarity(cpu), 1e-4);
}

TEST(CloudAi100Examples, AnEncoderPoolsInTheProgram) {
  const Finished card =
      run_example("TESSERA_EXAMPLE_ENCODE", "bert-tiny-embed", on_standin({"seq-len=16,32", "pooling=mean"}));
  ASSERT_EQ(card.exit_code, 0) << card.err;
  EXPECT_EQ(card.out.rfind("pooled 128\n", 0), 0U) << card.out;
  const Finished refused =
      run_example("TESSERA_EXAMPLE_ENCODE", "bert-tiny-embed", on_standin({"pooling=cls"}));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("pools tokens by 'cls', these embeddings want 'mean'"), std::string::npos)
      << refused.err;
}

/// "Law 0.75", a line a text.
std::vector<std::pair<std::string, double>> labels_of(const Finished& run) {
  std::vector<std::pair<std::string, double>> labels;
  std::istringstream lines(run.out);
  for (std::string line; std::getline(lines, line);) {
    const size_t space = line.rfind(' ');
    labels.emplace_back(line.substr(0, space), std::strtod(line.c_str() + space, nullptr));
  }
  return labels;
}

TEST(CloudAi100Examples, AClassifierGivesTheSameLabels) {
  const Finished cpu = run_example("TESSERA_EXAMPLE_CLASSIFY", "bert-tiny-cls", {"cpu"});
  ASSERT_EQ(cpu.exit_code, 0) << cpu.err;
  const Finished card =
      run_example("TESSERA_EXAMPLE_CLASSIFY", "bert-tiny-cls", on_standin({"seq-len=16,32"}));
  ASSERT_EQ(card.exit_code, 0) << card.err;
  const auto expected = labels_of(cpu), actual = labels_of(card);
  ASSERT_EQ(expected.size(), 2U) << cpu.out;
  ASSERT_EQ(actual.size(), 2U) << card.out;
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(actual[i].first, expected[i].first);
    EXPECT_NEAR(actual[i].second, expected[i].second, 1e-4);
  }
}

TEST(CloudAi100Examples, WhatIsMissingIsSaid) {
  const Finished refused =
      run_example("TESSERA_EXAMPLE_GENERATE", "llama-stories260k", {"qaic", "sdk=/nonexistent"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("/nonexistent"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace tessera::test
