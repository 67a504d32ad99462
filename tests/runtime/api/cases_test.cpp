/// Small inputs that broke programs of this kind in public (tests/data/cases, each with its source): logits
/// and greedy tokens of checkpoints whose config, weights or vocabulary is odd, and everything that ends a
/// text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/checkpoint/safetensors.hpp"
#include "tessera/model.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/runtime/api/golden_cases.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

fs::path case_folder(const std::string& name) {
  return fs::path(std::getenv("TESSERA_TEST_DATA")) / "data" / "cases" / name;
}

json::object read_case(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(case_folder(name) / "case.json").rdbuf();
  return json::parse(text.str()).as_object();
}

std::vector<int64_t> ids(const json::value& array) {
  return json::value_to<std::vector<int64_t>>(array);
}

/// The best token behind each prefix of prompt + tokens that ends in or after the prompt, from one run over
/// the whole.
std::vector<int64_t> recomputed(AutoModelForCausalLM& model, const std::vector<int64_t>& prompt,
                                const std::vector<int64_t>& tokens) {
  std::vector<int64_t> whole = prompt;
  whole.insert(whole.end(), tokens.begin(), tokens.end() - 1);
  const NamedTensor logits = model.logits(Prompt(whole)).front();
  const auto vocab = static_cast<size_t>(logits.dims.back());
  std::vector<int64_t> best;
  for (size_t i = prompt.size() - 1; i < whole.size(); ++i) {
    const auto row = logits.data.begin() + static_cast<ptrdiff_t>(i * vocab);
    best.push_back(std::max_element(row, row + static_cast<ptrdiff_t>(vocab)) - row);
  }
  return best;
}

/// Cases that give logits and a greedy continuation of folders.
class FolderCase : public testing::TestWithParam<const char*> {};

TEST_P(FolderCase, GivesTheLogitsAndTokensOfHuggingFace) {
  const json::object description = read_case(GetParam());
  const json::value& expected = description.at("expected");
  // Case 040 has one model beside its files.
  const json::array models = expected.is_array() ? expected.as_array() : json::array{expected.at("model")};
  size_t tried = 0;
  for (const json::value& model_case : models) {
    const fs::path folder = case_folder(GetParam()) / std::string(model_case.at("folder").as_string());
    if (!fs::exists(folder)) continue;  // of an architecture that is tested elsewhere
    SCOPED_TRACE(folder.string());
    ++tried;
    AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(folder.string());
    const std::vector<int64_t> prompt = ids(model_case.at("input_ids"));
    const SafetensorsFile golden = SafetensorsFile::open(folder / "expected.safetensors");
    const StoredTensor& stored = golden.tensors().front();
    const NamedTensor expected_logits{stored.name, stored.dims, golden.floats(stored.name)};
    const NamedTensor logits = model.logits(Prompt(prompt)).front();
    EXPECT_LE(relative_difference(logits, expected_logits), 2e-5);
    const json::value* tokens = model_case.as_object().if_contains("greedy_ignore_eos");
    const auto count = static_cast<int64_t>(tokens ? tokens->as_array().size() : 24);
    const GenerateResult greedy =
        model.generate(Prompt(prompt), {.max_new_tokens = count, .ignore_eos = true});
    if (tokens) {
      EXPECT_EQ(greedy.tokens, ids(*tokens));
    }
    EXPECT_EQ(greedy.tokens, recomputed(model, prompt, greedy.tokens));
    const NamedTensor chunked = model.logits(Prompt(prompt), {.chunks = {1, 3, 4, 5, 16}}).front();
    EXPECT_EQ(chunked.data, logits.data);
    if (const json::value* text = model_case.as_object().if_contains("text")) {
      EXPECT_EQ(greedy.text, text->as_string());
    }
  }
  EXPECT_GE(tried, 1U);
}

INSTANTIATE_TEST_SUITE_P(Cases, FolderCase,
                         testing::Values("020-rope-parameters-spelling", "022-head-dim-forms",
                                         "023-sliding-window-edge", "025-padded-vocabulary",
                                         "027-gpt2-folder-forms", "029-architectures-missing",
                                         "040-safetensors-odd-but-valid", "042-index-decides"),
                         [](const auto& info) { return "case_" + std::string(info.param).substr(0, 3); });

TEST(PaddedVocabulary, RefusesAnIdBeyondTheEmbedding) {
  AutoModelForCausalLM model =
      AutoModelForCausalLM::from_pretrained(case_folder("025-padded-vocabulary").string());
  EXPECT_THROW(model.generate(Prompt(std::vector<int64_t>{1, 96})), Error);
}

TEST(ContextEdges, GiveEveryTokenThatPositionsAllowAndNoMore) {
  AutoModelForCausalLM model =
      AutoModelForCausalLM::from_pretrained(case_folder("057-context-edges").string());
  const json::object description = read_case("057-context-edges");
  const json::object& expected = description.at("expected").as_object();
  const auto check = [&](const json::object& run) {
    SCOPED_TRACE(json::serialize(run));
    const GenerateOptions options{.max_new_tokens = run.at("max_tokens").as_int64(), .ignore_eos = true};
    const GenerateResult result = model.generate(Prompt(ids(run.at("input_ids"))), options);
    EXPECT_EQ(result.tokens, ids(run.at("tokens")));
    EXPECT_EQ(to_string(result.finish_reason), run.at("finish_reason").as_string());
  };
  for (const json::value& run : expected.at("runs").as_array()) check(run.as_object());
  check(expected.at("zero").as_object());
  const json::value& too_long = expected.at("too_long");
  EXPECT_THAT([&] { model.generate(Prompt(ids(too_long.at("input_ids"))), {.ignore_eos = true}); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("17 tokens, the context holds 16")));
  EXPECT_THAT([&] { model.generate(Prompt(""), {.ignore_eos = true}); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("no tokens")));
}

TEST(StopTexts, EndTheTextRightBeforeThemAndNothingOfThemIsStreamed) {
  AutoModelForCausalLM model =
      AutoModelForCausalLM::from_pretrained(case_folder("050-stop-strings").string());
  const json::object description = read_case("050-stop-strings");
  for (const json::value& run : description.at("expected").at("runs").as_array()) {
    SCOPED_TRACE(json::serialize(run));
    const Prompt prompt(ids(run.at("input_ids")));
    const GenerateOptions options{.max_new_tokens = run.at("max_tokens").as_int64(),
                                  .stop = json::value_to<std::vector<std::string>>(run.at("stop"))};
    std::string streamed;
    TextStream stream = model.generate_stream(prompt, options);
    for (const std::string& piece : stream) streamed += piece;
    const GenerateResult result = stream.result();
    EXPECT_EQ(result.text, run.at("text").as_string());
    EXPECT_EQ(streamed, result.text);
    EXPECT_EQ(to_string(result.finish_reason), run.at("finish_reason").as_string());
  }
}

TEST(EndTokens, AreThoseOfGenerationConfigOverConfig) {
  const json::object description = read_case("051-eos-lists");
  for (const json::value& run : description.at("expected").as_array()) {
    SCOPED_TRACE(json::serialize(run));
    const json::object& object = run.as_object();
    const std::string folder = std::string(object.at("folder").as_string());
    AutoModelForCausalLM model =
        AutoModelForCausalLM::from_pretrained((case_folder("051-eos-lists") / folder).string());
    const json::value* flags = object.if_contains("options");
    const GenerateOptions options{.max_new_tokens = 12,
                                  .ignore_eos = flags != nullptr && flags->as_string() == "--ignore-eos"};
    const GenerateResult result = model.generate(Prompt(ids(object.at("input_ids"))), options);
    for (const char* key : {"transformers_tokens_with_eos", "tokens"}) {
      if (const json::value* tokens = object.if_contains(key)) {
        EXPECT_EQ(result.tokens, ids(*tokens));
      }
    }
    if (const json::value* text = object.if_contains("text")) {
      EXPECT_EQ(result.text, text->as_string());
    }
    EXPECT_EQ(to_string(result.finish_reason), object.at("finish_reason").as_string());
  }
}

TEST(GreedyTies, GoToTheLowestIdAloneInABatchAndOnAnyNumberOfThreads) {
  for (const int64_t threads : {1, 2}) {
    AutoModelForCausalLM model =
        AutoModelForCausalLM::from_pretrained(case_folder("054-greedy-ties").string());
    model.compile({.num_threads = threads});
    const json::object description = read_case("054-greedy-ties");
    for (const json::value& tie : description.at("expected").as_array()) {
      const Prompt prompt(ids(tie.at("input_ids")));
      const GenerateOptions options{.max_new_tokens = 1, .ignore_eos = true};
      for (const GenerateResult& result : model.generate(std::vector<Prompt>(8, prompt), options)) {
        EXPECT_THAT(result.tokens, testing::ElementsAre(tie.at("token").as_int64()));
      }
      EXPECT_THAT(model.generate(prompt, options).tokens, testing::ElementsAre(tie.at("token").as_int64()));
    }
  }
}

TEST(UnequalPrompts, GiveInOneBatchWhatEachGivesAlone) {
  const std::string name = "056-batch-of-unequal-prompts";
  AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained((case_folder(name) / "llama").string());
  const json::object description = read_case(name);
  for (const json::value& group : description.at("expected").as_array()) {
    if (group.at("folder").as_string() != "llama") continue;
    std::vector<Prompt> prompts;
    for (const json::value& request : group.at("requests").as_array())
      prompts.emplace_back(ids(request.at("input_ids")));
    const auto results = model.generate(prompts, {.max_new_tokens = 16, .ignore_eos = true});
    for (size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(results[i].tokens, ids(group.at("requests").at(i).at("tokens"))) << i;
    }
  }
}

}  // namespace
}  // namespace tessera::test
