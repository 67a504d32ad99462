/// The commands as a user meets them: one JSON value on stdout, the rest on stderr, the same in any locale.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;

std::string stories() {
  return (test_data() / "models" / "llama-stories260k").string();
}
fs::path stdout_case() {
  return test_data() / "cases" / "120-stdout-is-data";
}

/// The one JSON value of stdout; fails the test unless stdout is exactly that and a newline.
json::value json_of(const Finished& run) {
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(run.out.ends_with("\n"));
  EXPECT_EQ(run.out.find('\n'), run.out.size() - 1) << run.out;
  return json::parse(run.out);
}

json::object read_json(const fs::path& path) {
  std::ifstream file(path);
  return json::parse(std::string(std::istreambuf_iterator<char>(file), {})).as_object();
}

TEST(Generate, StreamsTheTextAndANewline) {
  const Finished run = run_tessera({"generate", stories(), "-p", "Once upon a time", "-n", "16"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, testing::StartsWith(", there was a little girl"));
  EXPECT_TRUE(run.out.ends_with("\n"));
  EXPECT_THAT(run.err, HasSubstr("16 generated"));
}

TEST(Generate, PrintsTheSameTextAsJsonStreamedOrNot) {
  const std::vector<std::string> args{"generate", stories(), "-p", "Once upon a time", "-n", "30"};
  std::vector<std::string> as_json = args, at_once = args;
  as_json.emplace_back("--json");
  at_once.emplace_back("--no-stream");
  const json::value result = json_of(run_tessera(as_json));
  EXPECT_EQ(run_tessera(args).out, std::string(result.at("text").as_string()) + "\n");
  EXPECT_EQ(run_tessera(at_once).out, std::string(result.at("text").as_string()) + "\n");
  EXPECT_EQ(result.at("tokens").as_array().size(), 30U);
  EXPECT_EQ(result.at("finish_reason").as_string(), "length");
  EXPECT_GT(result.at("metrics").at("ttft_s").to_number<double>(), 0);
}

TEST(Generate, TakesThePromptFromStandardInputByteForByte) {
  const json::value piped =
      json_of(run_tessera({"generate", stories(), "-n", "1", "--json"}, {.input = "Once upon\n"}));
  const json::value flag =
      json_of(run_tessera({"generate", stories(), "-n", "1", "--json", "-p", "Once upon\n"}));
  EXPECT_EQ(piped.at("prompt_tokens"), flag.at("prompt_tokens"));
}

TEST(Generate, SeveralPromptsGiveAnArrayOfWhatEachGivesAlone) {
  const json::value both =
      json_of(run_tessera({"generate", stories(), "-p", "Once", "-p", "The dog", "-n", "12", "--json"}));
  for (size_t i = 0; i < 2; ++i) {
    const json::value alone = json_of(
        run_tessera({"generate", stories(), "-p", i == 0 ? "Once" : "The dog", "-n", "12", "--json"}));
    EXPECT_EQ(both.at(i).at("tokens"), alone.at("tokens"));
  }
}

TEST(Run, DoesWhatTheFileSaysAndFlagsWin) {
  const fs::path file = test_data().parent_path().parent_path() / "configs" / "generate.yaml";
  const json::value result = json_of(
      run_tessera({"run", file.string(), "-n", "5", "--json"}, {.folder = fs::temp_directory_path()}));
  EXPECT_EQ(result.at("tokens").as_array().size(), 5U);
}

TEST(Stdout, IsOneJsonValueWhateverIsLogged) {
  const json::value expected = read_json(stdout_case() / "case.json").at("expected");
  for (const std::vector<std::string>& more : {std::vector<std::string>{"-v"}, {"--quiet"}, {}}) {
    std::vector<std::string> args{"generate", "model", "-p", "hi there", "-n", "8", "--ignore-eos", "--json"};
    args.insert(args.end(), more.begin(), more.end());
    const json::value result =
        json_of(run_tessera(args, {.environment = {{"TESSERA_LOG", "trace"}}, .folder = stdout_case()}));
    EXPECT_EQ(result.at("prompt_tokens"), expected.at("prompt_tokens"));
    EXPECT_EQ(result.at("tokens"), expected.at("tokens"));
    EXPECT_EQ(result.at("text"), expected.at("text"));
  }
  for (const std::vector<std::string>& args : {std::vector<std::string>{"inspect", "model", "--json", "-v"},
                                               {"plugins", "--json"},
                                               {"passes", "--json"},
                                               {"tokenize", "model", "-p", "hi", "--json"},
                                               {"version", "--json"},
                                               {"doctor", "--json"},
                                               {"compile", "model", "--json"},
                                               {"config", "--json"}}) {
    SCOPED_TRACE(args.front());
    json_of(run_tessera(args, {.folder = stdout_case()}));
  }
}

TEST(Locale, ChangesNoIdNoNumberAndNoText) {
  const fs::path folder = test_data() / "cases" / "122-locale-and-names";
  const json::object expected = read_json(folder / "case.json").at("expected").as_object();
  const std::string model = (folder / "m ö d" / "model").string();
  for (const char* locale : {"C", "POSIX", "de_DE.UTF-8", "tr_TR.UTF-8"}) {
    const std::map<std::string, std::string> environment{{"LC_ALL", locale}, {"LANG", locale}};
    for (const auto& [file, ids] : expected) {
      const std::string prompt = (folder / "prompts" / std::string(file)).string();
      const json::value tokens =
          json_of(run_tessera({"tokenize", model, "-f", prompt, "--json"}, {.environment = environment}));
      EXPECT_EQ(tokens.at("ids"), ids) << file << ' ' << locale;
    }
    const json::value result =
        json_of(run_tessera({"generate", model, "-p", "hi", "-n", "4", "--json", "--temperature", "0.0"},
                            {.environment = environment}));
    EXPECT_GT(result.at("metrics").at("decode_tps").to_number<double>(), 0);
  }
}

TEST(Logits, AreWrittenAsSafetensorsThatInspectReads) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "out.safetensors").string();
  json_of(
      run_tessera({"logits", stories(), "-p", "Once upon a time", "-o", file, "--hidden-states", "--json"}));
  const json::value tensors = json_of(run_tessera({"inspect", file, "--json"})).at("tensors");
  EXPECT_EQ(tensors.at("logits").at("shape"), json::array({5, 512}));
  EXPECT_EQ(tensors.at("hidden.5").at("shape"), json::array({5, 64}));
  EXPECT_EQ(tensors.at("hidden.0").at("dtype").as_string(), "F32");
}

TEST(Logits, OfTheReferenceAndOfAnyChunkingAgree) {
  const TemporaryFolder folder;
  const auto bytes = [&](const std::vector<std::string>& more) {
    const std::string file = (folder.path() / "out.safetensors").string();
    std::vector<std::string> args{"logits", stories(), "-p", "Once upon a time there was", "-o", file};
    args.insert(args.end(), more.begin(), more.end());
    EXPECT_EQ(run_tessera(args).exit_code, 0);
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(bytes({}), bytes({"--chunk", "1"}));
  EXPECT_EQ(bytes({}), bytes({"--chunk", "3,2"}));
  EXPECT_EQ(bytes({"--reference"}).size(), bytes({}).size());
}

TEST(Compile, ExportsAGraphWithItsWeightsBesideIt) {
  const TemporaryFolder folder;
  const fs::path target = folder.path() / "export";
  json_of(
      run_tessera({"compile", stories(), "--export-only", target.string(), "--weights", "copy", "--json"}));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(target / "model.onnx")));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(target / "model.safetensors")));
}

TEST(Compile, DumpsTheGraphAfterEachPass) {
  const TemporaryFolder folder;
  const std::string dumps = (folder.path() / "dumps").string();
  EXPECT_EQ(run_tessera({"compile", stories(), "--dump-dir", dumps}).exit_code, 0);
  EXPECT_GE(std::distance(fs::directory_iterator(dumps), fs::directory_iterator()),
            4);  // pure graph and three passes
}

TEST(Config, SaysWhereEachValueComesFrom) {
  const Finished run = run_tessera({"config", "show", "--origin", "--threads", "3"},
                                   {.environment = {{"TESSERA_ISA", "avx2"}}});
  EXPECT_THAT(run.out, HasSubstr("(flag --threads)"));
  EXPECT_THAT(run.out, HasSubstr("(environment TESSERA_ISA)"));
}

TEST(Help, GroupsFlagsAndShowsDefaults) {
  const Finished run = run_tessera({"generate", "--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, testing::AllOf(HasSubstr("Generation:"), HasSubstr("[default -1]"),
                                      HasSubstr("env TESSERA_ISA")));
}

TEST(Inspect, SaysWhatASlidingWindowKeeps) {
  const TemporaryFolder folder;
  fs::copy(test_data() / "models" / "mistral-tiny", folder.path(), fs::copy_options::recursive);
  json::object config = read_json(folder / "config.json");
  config["max_position_embeddings"] = 4096;
  folder.write("config.json", json::serialize(config));
  const Finished run = run_tessera({"inspect", folder.path().string()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out,
              HasSubstr("48 tokens: 511 more are kept for the largest step, for a context of 4096\n"));
}

TEST(Bench, MeasuresATokenizer) {
  const TemporaryFolder folder;
  std::string text;
  while (text.size() < 20'000) text += "Once upon a time there was a girl named Lily. ";
  const std::string file = folder.write("text.txt", text);
  const json::value result =
      json_of(run_tessera({"bench", "--tokenizer", (test_data() / "models" / "gpt2-tiny").string(), "--text",
                           file, "-o", "json"}));
  EXPECT_EQ(result.at("documents").as_int64(), 5);  // of 4,000 characters
  EXPECT_GT(result.at("tokens").as_int64(), 0);
  EXPECT_GT(result.at("results").at(1).at("mb_per_s").to_number<double>(), 0);
  const Finished without_text = run_tessera({"bench", "--tokenizer", stories()});
  EXPECT_EQ(without_text.exit_code, 2);
  EXPECT_THAT(without_text.err, HasSubstr("no --text given"));
}

TEST(Bench, MeasuresAShapeAgainstTheMachinesLimits) {
  const json::value report = json_of(run_tessera({"bench", "--shape", "llama-15m", "-p", "16", "-n", "4",
                                                  "-t", "1", "-r", "2", "-o", "json", "--dtype", "bf16"}));
  EXPECT_EQ(report.at("results").as_array().size(), 2U);
  EXPECT_GT(report.at("results").at(1).at("tokens_per_s").to_number<double>(), 0);
  EXPECT_GT(report.at("peak_rss_bytes").to_number<int64_t>(), 0);
}

}  // namespace
}  // namespace tessera::test
