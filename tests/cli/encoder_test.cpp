/// embed, classify and fill-mask as a user meets them: the forms of their answers, and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <fstream>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;

std::string model(const std::string& name) {
  return (test_data() / "models" / name).string();
}

json::value json_of(const Finished& run) {
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out.find('\n'), run.out.size() - 1) << run.out;
  return json::parse(run.out);
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Embed, AnswersWithOneObject) {
  const json::value all =
      json_of(run_tessera({"embed", model("bert-tiny-embed"), "--json", "A king.", "A queen."}));
  EXPECT_EQ(all.at("embeddings").as_array().size(), 2U);
  EXPECT_EQ(all.at("embeddings").at(0).as_array().size(), 128U);
  EXPECT_EQ(all.at("model").as_string(), model("bert-tiny-embed"));
  EXPECT_EQ(all.at("pooling").as_string(), "mean");
  EXPECT_EQ(all.at("dimensions").as_int64(), 128);
  // The same from -p, standard input, lines and JSON lines.
  const json::value king = all.at("embeddings").at(0);
  const auto first = [&](std::vector<std::string> flags, const std::string& input) {
    flags.insert(flags.begin(), {"embed", model("bert-tiny-embed"), "--json"});
    return json_of(run_tessera(flags, {.input = input})).at("embeddings").at(0);
  };
  EXPECT_EQ(first({"-p", "A king."}, ""), king);
  EXPECT_EQ(first({}, "A king."), king);
  EXPECT_EQ(first({"--lines"}, "A king.\nA queen.\n"), king);
  EXPECT_EQ(first({"--jsonl"}, "\"A king.\"\n{\"text\": \"A queen.\"}\n"), king);
}

TEST(Embed, WritesFilesThatOtherProgramsRead) {
  const TemporaryFolder folder;
  const std::string npy = (folder.path() / "e.npy").string(),
                    tensors = (folder.path() / "e.safetensors").string();
  const std::vector<std::string> args = {"embed", model("bert-tiny-embed-dense"), "one", "two"};
  const json::value expected = json_of(run_tessera({args[0], args[1], args[2], args[3], "--json"}));
  for (const std::string& file : {npy, tensors}) {
    const Finished run = run_tessera({args[0], args[1], args[2], args[3], "-o", file});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, "");
  }
  const std::string bytes = read(npy);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_THAT(bytes, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 48), }"));
  ASSERT_EQ(bytes.size(), 128U + 2 * 48 * sizeof(float));
  float last = 0;
  std::memcpy(&last, bytes.data() + bytes.size() - sizeof last, sizeof last);
  EXPECT_FLOAT_EQ(last, expected.at("embeddings").at(1).at(47).to_number<float>());
  const std::string stored = read(tensors);
  EXPECT_THAT(stored, HasSubstr("\"embeddings\""));
  EXPECT_EQ(stored.substr(stored.size() - sizeof last), bytes.substr(bytes.size() - sizeof last));
}

TEST(Embed, ComparesTexts) {
  const json::value all = json_of(
      run_tessera({"embed", model("bert-tiny-embed"), "--json", "--similarity", "king", "king", "sea"}));
  EXPECT_EQ(all.at("similarity_fn_name").as_string(), "cosine");
  EXPECT_NEAR(all.at("similarity").at(0).at(1).to_number<double>(), 1, 1e-6);
  EXPECT_LT(all.at("similarity").at(0).at(2).to_number<double>(), 0.9999);
}

TEST(Embed, PutsAPromptInFront) {
  const auto embed = [](const std::vector<std::string>& more) {
    std::vector<std::string> args = {"embed", model("bert-tiny-embed"), "--json"};
    args.insert(args.end(), more.begin(), more.end());
    return json_of(run_tessera(args)).at("embeddings");
  };
  EXPECT_EQ(embed({"king", "--prompt-text", "the "}), embed({"the king"}));
}

TEST(Embed, TakesAnotherPooling) {
  const json::value all = json_of(run_tessera(
      {"embed", model("bert-tiny-cls"), "--json", "--pooling", "mean,cls", "--normalize", "A king."}));
  EXPECT_EQ(all.at("pooling").as_string(), "cls+mean");
  EXPECT_EQ(all.at("dimensions").as_int64(), 256);
  double square = 0;
  for (const json::value& x : all.at("embeddings").at(0).as_array())
    square += std::pow(x.to_number<double>(), 2);
  EXPECT_NEAR(square, 1, 1e-5);
}

TEST(Classify, AnswersWithAListAnInput) {
  const json::value one = json_of(run_tessera({"classify", model("bert-tiny-cls"), "--json", "A king."}));
  ASSERT_EQ(one.as_array().size(), 3U);
  EXPECT_TRUE(one.at(0).at("label").is_string());
  EXPECT_GE(one.at(0).at("score").to_number<double>(), one.at(1).at("score").to_number<double>());
  const json::value list = json_of(
      run_tessera({"classify", model("bert-tiny-cls"), "--json", "--jsonl"}, {.input = "\"A king.\"\n"}));
  EXPECT_EQ(list, json::value(json::array{one}));
  // Line by line without --json.
  const Finished lines = run_tessera({"classify", model("bert-tiny-cls"), "--jsonl", "-q"},
                                     {.input = "\"A king.\"\n[\"a\", \"b\"]\n"});
  EXPECT_EQ(json::parse(lines.out.substr(0, lines.out.find('\n'))), one);
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 2);
}

TEST(Classify, NamesTheFieldsOfEntitiesAsThePipelineDoes) {
  const std::string text = "And the LORD spake unto Moses in Israel.";
  const auto keys = [](const json::value& entity) {
    std::vector<std::string> names;
    for (const auto& member : entity.as_object()) names.emplace_back(member.key());
    return names;
  };
  const json::value tokens = json_of(run_tessera({"classify", model("bert-tiny-ner"), "--json", text}));
  ASSERT_FALSE(tokens.as_array().empty());
  EXPECT_THAT(keys(tokens.at(0)), testing::ElementsAre("entity", "score", "index", "word", "start", "end"));
  const json::value groups = json_of(
      run_tessera({"classify", model("bert-tiny-ner"), "--json", "--aggregation-strategy", "simple", text}));
  ASSERT_FALSE(groups.as_array().empty());
  EXPECT_THAT(keys(groups.at(0)), testing::ElementsAre("entity_group", "score", "word", "start", "end"));
}

TEST(Classify, SaysOnStderrWhatItCuts) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "king ";
  const Finished run = run_tessera({"classify", model("bert-tiny-cls"), "--json", text});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("text 1 has 402 tokens, the first 256 are used"));
}

TEST(FillMask, AnswersWithAListAMask) {
  const json::value one =
      json_of(run_tessera({"fill-mask", model("bert-tiny-mlm"), "--json", "The [MASK] said.", "-k", "2"}));
  ASSERT_EQ(one.as_array().size(), 2U);
  for (const char* key : {"score", "token", "token_str", "sequence"})
    EXPECT_TRUE(one.at(0).as_object().contains(key));
  EXPECT_THAT(std::string(one.at(0).at("sequence").as_string()), testing::StartsWith("the "));
  const json::value two =
      json_of(run_tessera({"fill-mask", model("bert-tiny-mlm"), "--json", "The [MASK] said [MASK]."}));
  ASSERT_EQ(two.as_array().size(), 2U);
  EXPECT_EQ(two.at(0).as_array().size(), 5U);
  EXPECT_THAT(std::string(two.at(0).at(0).at("sequence").as_string()), HasSubstr("[MASK]"));
}

struct Refusal {
  const char* name;
  std::vector<std::string> args;
  std::string input;
  int exit_code;
  std::string expected;
};
class EncoderCommand : public testing::TestWithParam<Refusal> {};

TEST_P(EncoderCommand, RefusesAndSaysWhy) {
  std::vector<std::string> args = GetParam().args;
  args[1] = model(args[1]);
  const Finished run = run_tessera(args, {.input = GetParam().input});
  EXPECT_EQ(run.exit_code, GetParam().exit_code) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr(GetParam().expected));
}

std::string words(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "king ";
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Input, EncoderCommand,
    testing::Values(
        Refusal{"EmbeddingsOfACausalModel",
                {"embed", "llama-stories260k", "x", "--pooling", "mean"},
                "",
                3,
                "task 'feature-extraction' is not implemented"},
        Refusal{"EmbeddingsWithoutPooling", {"embed", "bert-tiny-cls", "x"}, "", 3, "--pooling"},
        Refusal{"AnUnknownPooling",
                {"embed", "bert-tiny-embed", "x", "--pooling", "middle"},
                "",
                3,
                "weightedmean"},
        Refusal{"AnUnknownPrompt",
                {"embed", "bert-tiny-embed-dense", "x", "--prompt-name", "quary"},
                "",
                4,
                "did you mean 'query'"},
        Refusal{"AFileOfAnotherKind", {"embed", "bert-tiny-embed", "x", "-o", "x.csv"}, "", 2, ".npy"},
        Refusal{"TextsAndAFile", {"embed", "bert-tiny-embed", "x", "-f", "y"}, "", 2, "give one of them"},
        Refusal{"AMissingFile", {"embed", "bert-tiny-embed", "-f", "/nowhere/y"}, "", 4, "/nowhere/y"},
        Refusal{
            "ALoneSurrogate", {"embed", "bert-tiny-embed", "--jsonl"}, "\"a\"\n\"\\ud800\"\n", 3, "line 2"},
        Refusal{
            "ALineThatIsNoText", {"classify", "bert-tiny-cls", "--jsonl"}, "[1, 2]\n", 3, "which is no text"},
        Refusal{"InvalidUtf8", {"classify", "bert-tiny-cls"}, "a\xff", 3, "UTF-8"},
        Refusal{"PairsThatAreTooFew",
                {"classify", "bert-tiny-cls", "a", "b", "c", "--pair", "x", "--pair", "y"},
                "",
                2,
                "3 texts, but 2 times --pair"},
        Refusal{"ClassesOfACausalModel",
                {"classify", "llama-stories260k", "x"},
                "",
                3,
                "'score.weight' is missing, expected [2, 64]"},
        Refusal{"ATaskWithoutClasses",
                {"classify", "bert-tiny-cls", "x", "--task", "masked-lm"},
                "",
                3,
                "gives no classes"},
        Refusal{"AnUnknownAggregation",
                {"classify", "bert-tiny-ner", "x", "--aggregation-strategy", "all"},
                "",
                3,
                "none, simple, first, average, max"},
        Refusal{"AnUnknownFunction",
                {"classify", "bert-tiny-cls", "x", "--function-to-apply", "tanh"},
                "",
                3,
                "softmax, sigmoid, none"},
        Refusal{
            "ATextWithoutMask", {"fill-mask", "bert-tiny-mlm", "The king said."}, "", 3, "no mask '[MASK]'"},
        Refusal{"AMaskedTextThatIsTooLong",
                {"fill-mask", "bert-tiny-mlm", words(400) + "[MASK]"},
                "",
                3,
                "403 tokens, the model takes 256"},
        Refusal{"MasksOfAClassifier",
                {"fill-mask", "bert-tiny-cls", "The [MASK]."},
                "",
                3,
                "cls.predictions.transform.dense.weight"},
        Refusal{"GeneratingWithAnEncoder",
                {"generate", "bert-tiny-mlm", "-p", "x"},
                "",
                3,
                "task 'causal-lm' is not implemented for bert"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(EncoderCommands, TakeEmptyAndHugeTexts) {
  const json::value empty = json_of(run_tessera({"embed", model("bert-tiny-embed"), "--json", ""}));
  EXPECT_EQ(empty.at("embeddings").as_array().size(), 1U);
  const Finished huge =
      run_tessera({"embed", model("bert-tiny-embed"), "--json"}, {.input = words(2'000'000)});
  EXPECT_EQ(json_of(huge).at("embeddings").as_array().size(), 1U);
  EXPECT_THAT(huge.err, HasSubstr("the first 128 are used"));
}

TEST(EncoderCommands, RefuseALabelMapWithHoles) {
  const TemporaryFolder folder;
  fs::copy(model("bert-tiny-cls"), folder.path(), fs::copy_options::recursive);
  std::string config = read(folder.path() / "config.json");
  config.replace(config.find("\"1\": \"poetry\""), 3, "\"7\"");
  fs::remove(folder.path() / "config.json");
  std::ofstream(folder.path() / "config.json") << config;
  const Finished run = run_tessera({"classify", folder.path().string(), "x"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("no entry for label 1"));
}

}  // namespace
}  // namespace tessera::test
