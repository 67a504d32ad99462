#include "core/checkpoint/generation_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "safetensors_bytes.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {
namespace {

using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::test_data;

/// What a folder with these two texts says; a null generation text: no such file.
GenerationConfig read(const char* config, const char* generation) {
  TemporaryFolder folder;
  folder.write("config.json", config);
  folder.write("model.safetensors", testing::one_tensor("a", 1, 'x'));
  if (generation != nullptr) folder.write("generation_config.json", generation);
  return read_generation_config(Checkpoint::open(folder.path()));
}

TEST(GenerationConfig, EndTokensOfPublishedFolders) {
  struct Case {
    const char* folder;
    std::vector<int64_t> eos;
  };
  for (const Case& c : {Case{"generation-list", {1, 2}}, Case{"generation-wins", {1}},
                        Case{"config-list", {3, 1}}, Case{"config-int", {2}}, Case{"ignore", {1, 2, 3}}}) {
    Checkpoint checkpoint = Checkpoint::open(test_data() / "data/cases/051-eos-lists" / c.folder);
    EXPECT_EQ(read_generation_config(checkpoint).eos_token_ids, c.eos) << c.folder;
  }
  Checkpoint llama3 = Checkpoint::open(test_data() / "data/models/llama3-tiny");
  GenerationConfig config = read_generation_config(llama3);
  EXPECT_THAT(config.eos_token_ids, ElementsAre(764, 767));
  EXPECT_EQ(config.bos_token_id, 763);
  EXPECT_EQ(config.pad_token_id, std::nullopt);
}

struct EosCase {
  const char* name;
  const char* config;
  const char* generation;
  std::vector<int64_t> eos;
};
class EosTokens : public ::testing::TestWithParam<EosCase> {};

TEST_P(EosTokens, ComeFromTheFirstFileThatHasThem) {
  EXPECT_EQ(read(GetParam().config, GetParam().generation).eos_token_ids, GetParam().eos);
}

const EosCase kEosFiles[] = {
    {"nowhere", "{}", nullptr, {}},
    {"both_null", R"({"eos_token_id":null})", R"({"eos_token_id":null})", {}},
    {"config_alone", R"({"eos_token_id":7})", nullptr, {7}},
    {"generation_lacks_the_key", R"({"eos_token_id":7})", R"({"do_sample":true})", {7}},
    {"generation_has_null", R"({"eos_token_id":[7]})", R"({"eos_token_id":null})", {7}},
    {"generation_alone", "{}", R"({"eos_token_id":[3,5]})", {3, 5}},
    {"generation_wins", R"({"eos_token_id":[1,2]})", R"({"eos_token_id":0})", {0}},
    {"empty_list_wins", R"({"eos_token_id":1})", R"({"eos_token_id":[]})", {}},
    {"no_id_twice", R"({"eos_token_id":[4,3,4]})", nullptr, {4, 3}},
};
INSTANTIATE_TEST_SUITE_P(Files, EosTokens, ::testing::ValuesIn(kEosFiles),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(GenerationConfig, PadOfMinusOneIsNone) {
  EXPECT_EQ(read(R"({"pad_token_id":-1})", nullptr).pad_token_id, std::nullopt);
  EXPECT_EQ(read(R"({"pad_token_id":0})", nullptr).pad_token_id, 0);
  EXPECT_EQ(read(R"({"pad_token_id":3})", R"({"pad_token_id":4})").pad_token_id, 4);
}

struct BadToken {
  const char* name;
  const char* config;
  const char* generation;
  const char* file;
  const char* key;
  const char* reason;
};
class BadTokens : public ::testing::TestWithParam<BadToken> {};

TEST_P(BadTokens, AreRefusedByFileAndKey) {
  try {
    read(GetParam().config, GetParam().generation);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_THAT(error.file_name(), ::testing::EndsWith(GetParam().file));
    EXPECT_EQ(error.key_name(), GetParam().key);
    EXPECT_THAT(error.message(), HasSubstr(GetParam().reason));
  }
}

const BadToken kKinds[] = {
    {"string", R"({"eos_token_id":"</s>"})", nullptr, "/config.json", "eos_token_id", "is a string"},
    {"fraction", R"({"eos_token_id":2.0})", nullptr, "/config.json", "eos_token_id", "with a fraction"},
    {"boolean_in_list", "{}", R"({"eos_token_id":[1,true]})", "generation_config.json", "eos_token_id",
     "is a boolean"},
    {"list_in_list", "{}", R"({"eos_token_id":[[1]]})", "generation_config.json", "eos_token_id",
     "is an array"},
    {"negative", R"({"eos_token_id":-5})", nullptr, "/config.json", "eos_token_id", "is -5"},
    {"bos_list", R"({"bos_token_id":[1]})", nullptr, "/config.json", "bos_token_id", "is an array"},
    {"pad_negative", R"({"pad_token_id":-2})", nullptr, "/config.json", "pad_token_id", "is -2"},
    {"not_json", "{}", "{", "generation_config.json", "", "ends too early"},
};
INSTANTIATE_TEST_SUITE_P(Kinds, BadTokens, ::testing::ValuesIn(kKinds),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tessera
