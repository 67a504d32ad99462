/// verify as a user meets it: every small model passes; what a wrong pass does is found, by layer, node and
/// pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>

#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;

constexpr int kUsage = 2, kBadInput = 3, kNotFound = 4, kDeviates = 5;

std::string model(const std::string& name) {
  return (test_data() / "models" / name).string();
}

json::value verify(std::vector<std::string> args, int exit_code = 0) {
  args.insert(args.begin(), {"verify", "--json"});
  const Finished run = run_tessera(args);
  EXPECT_EQ(run.exit_code, exit_code) << run.err << run.out;
  return run.out.empty() ? json::value() : json::parse(run.out);
}

std::vector<std::string> stage_names(const json::value& report) {
  std::vector<std::string> names;
  for (const json::value& stage : report.at("stages").as_array())
    names.emplace_back(stage.at("name").as_string());
  return names;
}

class VerifyModel : public testing::TestWithParam<const char*> {};

TEST_P(VerifyModel, AgreesWithItsReference) {
  const json::value report = verify({model(GetParam())});
  EXPECT_TRUE(report.at("passed").as_bool());
  EXPECT_TRUE(report.at("first").is_null());
  for (const json::value& stage : report.at("stages").as_array()) {
    EXPECT_EQ(stage.at("status").as_string(), "passed") << stage;
    EXPECT_FALSE(stage.at("tensors").as_array().empty());
    EXPECT_EQ(stage.at("token_agreement").to_number<double>(), 1) << stage;
  }
}

INSTANTIATE_TEST_SUITE_P(Small, VerifyModel,
                         testing::Values("bert-tiny-cls", "bert-tiny-embed", "bert-tiny-embed-dense",
                                         "bert-tiny-mlm", "bert-tiny-ner", "gpt2-tiny", "llama-stories260k",
                                         "llama3-tiny", "mistral-tiny", "rope-dynamic", "rope-linear",
                                         "rope-longrope", "rope-yarn"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Verify, RunsEachPassAndTheCache) {
  EXPECT_EQ(stage_names(verify({model("llama-stories260k")})),
            (std::vector<std::string>{"kernels", "after kv-cache", "after slots", "after select-logits",
                                      "one row a step"}));
  EXPECT_EQ(stage_names(verify({model("bert-tiny-cls")})),
            (std::vector<std::string>{"kernels", "after pack-rows"}));
}

TEST(Verify, TakesTextOrIds) {
  EXPECT_EQ(verify({model("llama-stories260k"), "--input-ids", "1,5,9"}).at("input_ids"),
            json::value(json::array{1, 5, 9}));
  EXPECT_GT(verify({model("bert-tiny-cls"), "-p", "A king."}).at("input_ids").as_array().size(), 3U);
  const Finished text = run_tessera({"verify", model("llama-stories260k"), "--input-ids", "1,5,9"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, HasSubstr("all stages agree with the reference"));
}

/// A plugin whose passes are wrong on purpose (wrong_passes.cpp).
json::value verify_wrong(const std::string& passes, const std::string& name = "llama-stories260k") {
  const char* plugin = std::getenv("TESSERA_WRONG_PASSES");
  return verify({model(name), "--plugin-path", plugin ? plugin : "", "--passes", passes}, kDeviates);
}

TEST(Verify, NamesTheLayerNodeAndPassOfAChangedAttribute) {
  const json::value report =
      verify_wrong("kv-cache,change-epsilon:node=layers.2/post_attention_layernorm,slots,select-logits");
  EXPECT_FALSE(report.at("passed").as_bool());
  const json::value& first = report.at("first");
  EXPECT_EQ(first.at("pass").as_string(), "change-epsilon");
  EXPECT_EQ(first.at("stage").as_string(), "after change-epsilon");
  EXPECT_EQ(first.at("layer").at("name").as_string(), "hidden.3");
  EXPECT_EQ(first.at("node").as_string(), "layers.2/post_attention_layernorm");
  EXPECT_EQ(first.at("op").as_string(), "tessera.RMSNorm");
  EXPECT_EQ(first.at("provenance").as_string(), "plugin=llama pass=change-epsilon");
  EXPECT_GT(first.at("value").at("max_abs").to_number<double>(), 0);
  const json::value& stages = report.at("stages");
  EXPECT_EQ(stages.at(1).at("status").as_string(), "passed");  // after kv-cache
  EXPECT_EQ(stages.at(2).at("status").as_string(), "failed");
}

TEST(Verify, NamesANodeThatAPassHasPutIn) {
  const json::value report =
      verify_wrong("kv-cache,slots,select-logits,halve-output:node=layers.1/self_attn/q_proj");
  const json::value& first = report.at("first");
  EXPECT_EQ(first.at("pass").as_string(), "halve-output");
  EXPECT_EQ(first.at("layer").at("name").as_string(), "hidden.2");
  EXPECT_EQ(first.at("node").as_string(), "layers.1/self_attn/q_proj/halve");
  EXPECT_EQ(first.at("op").as_string(), "Mul");
}

TEST(Verify, FindsAWrongPassOfAnEncoder) {
  const json::value report =
      verify_wrong("change-epsilon:node=embeddings/LayerNorm,pack-rows", "bert-tiny-cls");
  EXPECT_EQ(report.at("first").at("layer").at("name").as_string(), "hidden.0");
  EXPECT_EQ(report.at("first").at("node").as_string(), "embeddings/LayerNorm");
}

TEST(Verify, SaysItInWords) {
  const char* plugin = std::getenv("TESSERA_WRONG_PASSES");
  const Finished run =
      run_tessera({"verify", model("llama-stories260k"), "--plugin-path", plugin ? plugin : "", "--passes",
                   "change-epsilon:node=layers.0/input_layernorm"});
  EXPECT_EQ(run.exit_code, kDeviates);
  EXPECT_THAT(run.out,
              HasSubstr("first beyond tolerance: stage 'after change-epsilon', pass 'change-epsilon'"));
  EXPECT_THAT(run.out, HasSubstr("node   layers.0/input_layernorm (tessera.RMSNorm) plugin=llama"));
}

TEST(Verify, JudgesTheReferenceByAGolden) {
  // Made by Hugging Face's own code: see tests/golden/README.md. Such a file has no ids; cases.json has them.
  const fs::path goldens = test_data().parent_path() / "golden/llama-stories260k";
  std::ifstream cases_file(goldens / "cases.json");
  const json::value cases = json::parse(std::string(std::istreambuf_iterator<char>(cases_file), {}));
  for (const json::value& each : cases.as_array()) {
    if (each.at("name").as_string() != "short") continue;
    std::string ids;
    for (const json::value& id : each.at("input_ids").as_array())
      ids += (ids.empty() ? "" : ",") + json::serialize(id);
    const json::value judged = verify({model("llama-stories260k"), "--input-ids", ids, "--golden",
                                       (goldens / "short.safetensors").string()});
    EXPECT_EQ(judged.at("stages").at(0).at("name").as_string(), "golden");
    EXPECT_EQ(judged.at("stages").at(0).at("tensors").as_array().size(), 7U);  // hidden.0 to hidden.5, logits
  }
  const TemporaryFolder folder;
  const std::string made = (folder.path() / "golden.safetensors").string();
  const json::value written =
      verify({model("llama-stories260k"), "--input-ids", "1,403,407", "--make-golden", made});
  EXPECT_EQ(written.at("file").as_string(), made);
  const json::value report = verify({model("llama-stories260k"), "--golden", made});
  EXPECT_EQ(stage_names(report).front(), "golden");
  EXPECT_EQ(report.at("input_ids"), json::value(json::array{1, 403, 407}));
  EXPECT_EQ(report.at("not_compared"), json::value(json::array{}));

  // A golden of another model: the reference itself is wrong, and the layer says where first.
  const SafetensorsFile file = SafetensorsFile::open(made);
  std::vector<float> wrong = file.floats("hidden.2");
  wrong[5] += 1;
  SafetensorsWriter writer(folder.path() / "wrong.safetensors");
  writer.declare("hidden.1", DType::kF32, file.tensor("hidden.1").dims);
  writer.declare("hidden.2", DType::kF32, file.tensor("hidden.2").dims);
  writer.declare("other", DType::kF32, {0});
  writer.append(file.bytes(file.tensor("hidden.1")));
  writer.append_floats(wrong);
  writer.finish();
  const json::value failed = verify({model("llama-stories260k"), "--input-ids", "1,403,407", "--golden",
                                     (folder.path() / "wrong.safetensors").string()},
                                    kDeviates);
  EXPECT_EQ(failed.at("first").at("stage").as_string(), "golden");
  EXPECT_EQ(failed.at("first").at("layer").at("name").as_string(), "hidden.2");
  EXPECT_EQ(failed.at("not_compared"), json::value(json::array{"other"}));
}

TEST(Verify, MakesGoldensOfEncoders) {
  const TemporaryFolder folder;
  const std::string made = (folder.path() / "golden.safetensors").string();
  verify({model("bert-tiny-cls"), "-p", "A king.", "--make-golden", made});
  EXPECT_NE(SafetensorsFile::open(made).find_tensor("token_type_ids"), nullptr);
  EXPECT_TRUE(verify({model("bert-tiny-cls"), "--golden", made}).at("passed").as_bool());
}

TEST(Verify, RefusesWhatItCannotUse) {
  const auto refused = [](std::vector<std::string> args, int code) {
    args.insert(args.begin(), "verify");
    const Finished run = run_tessera(args);
    EXPECT_EQ(run.exit_code, code) << run.err;
    EXPECT_EQ(run.out, "");
    return run.err;
  };
  const std::string stories = model("llama-stories260k");
  EXPECT_THAT(refused({stories, "--tolerance", "x"}, kUsage), HasSubstr("--tolerance"));
  EXPECT_THAT(refused({stories, "--golden", "/no/such.safetensors"}, kNotFound),
              HasSubstr("/no/such.safetensors"));
  EXPECT_THAT(refused({stories, "--input-ids", "99999"}, kBadInput), HasSubstr("outside the 512 rows"));
  EXPECT_THAT(refused({stories, "--golden", stories + "/model.safetensors"}, kBadInput),
              HasSubstr("has no input_ids"));
  EXPECT_THAT(refused({stories, "--golden", stories + "/model.safetensors", "--input-ids", "1"}, kBadInput),
              HasSubstr("no tensor that the model gives"));
}

}  // namespace
}  // namespace tessera::test
