/// What a user gets wrong: exit code, a message that names the place, the reason and the remedy, nothing on
/// stdout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr int kUsage = 2, kBadInput = 3, kNotFound = 4;

const std::string& stories() {
  static const std::string folder = (test_data() / "models" / "llama-stories260k").string();
  return folder;
}

/// A copy of the small model that a test may break.
class BrokenModel : public testing::Test {
 protected:
  BrokenModel() { fs::copy(stories(), folder_.path(), fs::copy_options::recursive); }

  void write(const std::string& file, const std::string& text) {
    fs::remove(folder_.path() / file);
    std::ofstream(folder_.path() / file, std::ios::binary) << text;
  }

  /// Replaces the first `from` in a text file of the model.
  void replace(const std::string& file, const std::string& from, const std::string& to) {
    std::ifstream in(folder_.path() / file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write(file, text.replace(at, from.size(), to));
  }

  void expect_refused(int exit_code, const std::vector<std::string>& parts) {
    const Finished run = run_tessera({"generate", folder_.path().string(), "-p", "Once", "-n", "4"});
    EXPECT_EQ(run.exit_code, exit_code) << run.err;
    EXPECT_EQ(run.out, "");
    for (const std::string& part : parts) EXPECT_THAT(run.err, HasSubstr(part));
  }

  TemporaryFolder folder_;
};

TEST_F(BrokenModel, WithoutConfigIsNamed) {
  fs::remove(folder_.path() / "config.json");
  expect_refused(kNotFound, {"config.json", "try"});
}

TEST_F(BrokenModel, WithoutModelTypeListsWhatIsInstalled) {
  replace("config.json", "\"model_type\": \"llama\"", "\"x\": 1");
  expect_refused(kBadInput, {"model_type", "llama", "config.json"});
}

TEST_F(BrokenModel, OfUnknownModelTypeListsWhatIsInstalled) {
  replace("config.json", "\"model_type\": \"llama\"", "\"model_type\": \"lama\"");
  expect_refused(kBadInput, {"'lama'", "llama", folder_.path().string()});
}

TEST_F(BrokenModel, WithoutWeightsIsNamed) {
  fs::remove(folder_.path() / "model.safetensors");
  expect_refused(kNotFound, {"model.safetensors"});
}

TEST_F(BrokenModel, WhoseIndexNamesAMissingShardIsNamed) {
  fs::remove(folder_.path() / "model.safetensors");
  write("model.safetensors.index.json",
        R"({"weight_map": {"model.norm.weight": "model-00001-of-00001.safetensors"}})");
  expect_refused(kNotFound, {"model-00001-of-00001.safetensors"});
}

TEST_F(BrokenModel, WithTruncatedWeightsIsNamed) {
  fs::resize_file(folder_.path() / "model.safetensors", 100'000);
  expect_refused(kBadInput, {"model.safetensors", "offset"});
}

TEST_F(BrokenModel, WithAHeaderLongerThanTheFileIsNamed) {
  write("model.safetensors", std::string("\xff\xff\xff\x00\x00\x00\x00\x00{}", 10));
  expect_refused(kBadInput, {"model.safetensors", "header"});
}

TEST_F(BrokenModel, WithATensorOfOtherShapeNamesTensorAndKey) {
  replace("config.json", "\"intermediate_size\": 172", "\"intermediate_size\": 176");
  expect_refused(kBadInput,
                 {"model.layers.0.mlp.gate_proj.weight", "[172, 64]", "[176, 64]", "intermediate_size"});
}

TEST_F(BrokenModel, WithOneLayerTooManyNamesTheMissingTensor) {
  replace("config.json", "\"num_hidden_layers\": 5", "\"num_hidden_layers\": 6");
  expect_refused(kBadInput, {"model.layers.5."});
}

TEST_F(BrokenModel, WithOneLayerTooFewNamesTheExtraTensor) {
  replace("config.json", "\"num_hidden_layers\": 5", "\"num_hidden_layers\": 4");
  expect_refused(kBadInput, {"model.layers.4."});
}

TEST_F(BrokenModel, UntiedWithoutAHeadIsNamed) {
  replace("config.json", "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
  expect_refused(kBadInput, {"lm_head.weight", "tie_word_embeddings"});
}

TEST_F(BrokenModel, WithNanInItsRotarySettingsIsNamed) {
  replace("config.json", "\"rope_theta\": 10000.0", "\"rope_theta\": NaN");
  expect_refused(kBadInput, {"config.json"});
}

TEST_F(BrokenModel, WithAnImpossibleRotaryFactorIsNamed) {
  replace("config.json", "\"rope_scaling\": null",
          R"("rope_scaling": {"rope_type": "linear", "factor": -1})");
  expect_refused(kBadInput, {"factor"});
}

TEST_F(BrokenModel, WithAnUnknownTokenizerComponentIsNamed) {
  replace("tokenizer.json", "\"type\": \"Prepend\"", "\"type\": \"Perpend\"");
  expect_refused(kBadInput, {"tokenizer.json", "Perpend"});
}

TEST(BadInput, MissingFolderSaysWhereItLooked) {
  const Finished run = run_tessera({"generate", "no/such/model", "-p", "x", "--json"});
  EXPECT_EQ(run.exit_code, kNotFound);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, testing::AllOf(HasSubstr("no/such/model"), HasSubstr("try")));
}

TEST(BadInput, PromptLongerThanTheContextSaysBothNumbers) {
  const Finished run =
      run_tessera({"generate", stories(), "-p", "Once upon a time there was", "--ctx-len", "3"});
  EXPECT_EQ(run.exit_code, kBadInput);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, testing::AllOf(HasSubstr("the context holds 3"), HasSubstr("--ctx-len")));
}

TEST(BadInput, ContextBeyondTheModelsLimitIsRefused) {
  const Finished run = run_tessera({"generate", stories(), "-p", "Once", "--ctx-len", "513"});
  EXPECT_EQ(run.exit_code, kBadInput);
  EXPECT_THAT(run.err, HasSubstr("exceeds the model's limit of 512"));
}

TEST(BadInput, TokenOutsideTheVocabularyIsNamed) {
  const Finished run = run_tessera({"generate", stories(), "--input-ids", "1,512", "--json"});
  EXPECT_EQ(run.exit_code, kBadInput);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("token id 512 is outside the 512 rows of the embedding (0..511)"));
}

TEST(BadInput, InvalidUtf8NamesTheByte) {
  const Finished run = run_tessera({"generate", stories(), "-p", "ab\xff"});
  EXPECT_EQ(run.exit_code, kBadInput);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("2"));
}

TEST(BadInput, UnknownFlagHasItsNearest) {
  const Finished run = run_tessera({"generate", stories(), "--max-token", "3"});
  EXPECT_EQ(run.exit_code, kUsage);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("did you mean '--max-tokens'?"));
}

TEST(BadInput, ValueBelowTheLeastIsRefused) {
  const Finished run = run_tessera({"generate", stories(), "-p", "x", "-n", "-3", "--json"});
  EXPECT_NE(run.exit_code, 0);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("max_new_tokens"));
}

TEST(BadInput, YamlWithATabNamesFileAndLine) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "run.yaml") << "model: x\ngenerate:\n\tprompt: y\n";
  const Finished run = run_tessera({"run", (folder.path() / "run.yaml").string()});
  EXPECT_EQ(run.exit_code, kBadInput);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("run.yaml:3"));
}

TEST(BadInput, UnknownYamlKeyHasItsNearest) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "run.yaml") << "model: x\ngenerate:\n  promt: y\n";
  const Finished run = run_tessera({"run", (folder.path() / "run.yaml").string()});
  EXPECT_EQ(run.exit_code, kBadInput);
  EXPECT_THAT(run.err, testing::AllOf(HasSubstr("run.yaml:3"), HasSubstr("did you mean 'prompt'?")));
}

TEST(BadInput, PluginPathThatDoesNotExistIsAnError) {
  const Finished run = run_tessera({"plugins", "--plugin-path", "/no/such/plugin.so", "--json"});
  EXPECT_EQ(run.exit_code, kNotFound);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("/no/such/plugin.so"));
}

TEST(BadInput, PluginThatIsNoElfFileIsAnError) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "plugin.so") << "not a library";
  const Finished run = run_tessera({"plugins", "--plugin-path", (folder.path() / "plugin.so").string()});
  EXPECT_EQ(run.exit_code, kBadInput);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, testing::AllOf(HasSubstr("plugin.so"), HasSubstr("ELF")));
}

TEST(BadInput, InspectOfAFileThatIsNoSafetensorsIsAnError) {
  const Finished run = run_tessera({"inspect", stories() + "/tokenizer_config.json", "--json"});
  EXPECT_EQ(run.exit_code, kBadInput);
  EXPECT_EQ(run.out, "");
}

TEST(BadInput, UnknownPassHasItsNearest) {
  const Finished run = run_tessera({"generate", stories(), "-p", "x", "--passes", "kvcache"});
  EXPECT_EQ(run.exit_code, kNotFound);
  EXPECT_THAT(run.err, HasSubstr("did you mean 'kv-cache'?"));
}

TEST(BadInput, UnknownInstructionSetListsThoseThereAre) {
  const Finished run = run_tessera({"generate", stories(), "-p", "x", "--isa", "avx1024"});
  EXPECT_EQ(run.exit_code, kBadInput);
  EXPECT_THAT(run.err, testing::AllOf(HasSubstr("avx1024"), HasSubstr("portable")));
}

TEST_F(BrokenModel, InterruptedDuringLoadExitsWith130) {
  // The architecture's plugin builds until it is asked to stop, so no other end is possible.
  write("config.json", R"({"model_type": "waits_for_cancel"})");
  const std::string plugin = std::string(std::getenv("TESSERA_TEST_CLI_PLUGINS")) + "/waits_for_cancel.so";
  const Finished run =
      run_tessera({"generate", folder_.path().string(), "-p", "Once", "--plugin-path", plugin},
                  {.interrupt_after_ms = 2000});
  EXPECT_EQ(run.exit_code, 130) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("interrupted"));
}

TEST(Interrupt, DuringGenerationExitsWith130) {
  const Finished run = run_tessera({"generate", stories(), "-p", "Once", "-n", "500", "--ignore-eos"},
                                   {.interrupt_after_ms = 2000});
  // A fast machine may be done before the signal arrives; then it exited well.
  EXPECT_THAT(run.exit_code, testing::AnyOf(130, 0)) << run.err;
}

TEST(Interrupt, WhileWaitingForStandardInputExitsWith130) {
  // Without a prompt the command reads standard input, which here never ends by itself.
  EXPECT_EQ(std::system("exec 2>/dev/null; (sleep 4 | timeout -s INT -k 2 0.5 \"$TESSERA_BINARY\" generate "
                        "\"$TESSERA_TEST_DATA/data/models/llama-stories260k\"); exit $?") >>
                8,
            124);  // timeout's own code: it sent the signal and the command ended within the time
}

TEST(Output, ClosedByItsReaderEndsQuietly) {
  const Finished run = run_tessera({"generate", stories(), "-p", "Once", "-n", "300", "--ignore-eos"},
                                   {.close_stdout_early = true});
  EXPECT_EQ(run.exit_code, 141) << run.err;
}

TEST(Output, OnAFullDiskIsAnError) {
  const Finished run =
      run_tessera({"generate", stories(), "-p", "Once", "-n", "3"}, {.stdout_path = "/dev/full"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("No space left on device"));
}

}  // namespace
}  // namespace tessera::test
