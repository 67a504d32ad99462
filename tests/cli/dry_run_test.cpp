/// `compile --dry-run`: everything that a compiler would be given, without a compiler.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <set>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

std::string model(const char* name) {
  return (test_data() / "models" / name).string();
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

class DryRun : public testing::Test {
 protected:
  Finished run(const Words& words, const char* name = "llama-stories260k") {
    Words args = {"compile", model(name), "--backend", "qaic", "--dry-run", "-o", out().string()};
    args.insert(args.end(), words.begin(), words.end());
    return run_tessera(args, {.environment = {{"QAIC_COMPILE", ""}}});
  }
  std::filesystem::path out() const { return folder_ / "out"; }
  std::string command() const { return replaced(read(out() / "compile_command.txt"), out().string(), "DIR"); }

  TemporaryFolder folder_;
};

TEST_F(DryRun, WritesGraphFilesAndCommandLine) {
  const Finished run_ = run({"--ctx-len", "64", "--mos=1", "--aic_enable_depth_first"});
  ASSERT_EQ(run_.exit_code, 0) << run_.err;
  EXPECT_EQ(names_in(out()), (std::set<std::string>{"compile_command.txt", "custom_io.yaml", "model.onnx",
                                                    "model.safetensors", "specializations.json"}));
  EXPECT_EQ(command(),
            "/opt/qti-aic/exec/qaic-compile -aic-hw -aic-hw-version=ai100 -m=DIR/model.onnx -retained-state "
            "-convert-to-fp16 -aic-num-cores=16 -aic-enable-depth-first -mos=1 "
            "-network-specialization-config=DIR/specializations.json -custom-IO-list-file=DIR/custom_io.yaml "
            "-aic-binary-dir=DIR/qpc\n");
  EXPECT_THAT(read(out() / "specializations.json"), HasSubstr("\"ctx_len\":\"64\""));
  EXPECT_THAT(run_.out, HasSubstr((out() / "model.onnx").string() + "\n"));
}

TEST_F(DryRun, SpellingsOfQAicUsers) {
  const Finished run_ =
      run({"--num_cores", "14", "--device-group", "[0,1]", "--mxfp6-matmul", "--mxint8_kv_cache",
           "--full-batch-size=4", "--kv-cache-batch-size", "8", "--prompt-len", "16", "--ctx_len", "64",
           "--specializations", "named", "--allow-mxint8-mdp-io", "--compiler-options", "-ols=2"});
  ASSERT_EQ(run_.exit_code, 0) << run_.err;
  EXPECT_THAT(command(), HasSubstr("-convert-to-fp16 -mxfp6-matmul -aic-num-cores=14 -allow-mxint8-mdp-io "
                                   "-ols=2 -mdp-load-partition-config=DIR/mdp_ts_2.json "));
  EXPECT_THAT(read(out() / "custom_io.yaml"), HasSubstr("mxint8"));
  const boost::json::value sizes = boost::json::parse(read(out() / "specializations.json"));
  EXPECT_EQ(sizes.at("specializations").at(0).at("name").as_string(), "Prefill");
  EXPECT_EQ(sizes.at("specializations").at(1).at("symbols").at("full_batch_size").as_string(), "8");
}

TEST_F(DryRun, OfAnEncoder) {
  const Finished run_ = run({"--seq-len", "32,64", "--json"}, "bert-tiny-embed");
  ASSERT_EQ(run_.exit_code, 0) << run_.err;
  const boost::json::value json = boost::json::parse(run_.out);
  EXPECT_EQ(json.at("backend").as_string(), "qaic");
  EXPECT_EQ(json.at("files").as_array().size(), names_in(out()).size());
  EXPECT_EQ(command().find("retained"), std::string::npos);
  EXPECT_EQ(names_in(out()).count("custom_io.yaml"), 0U);
}

/// `plan` of a run file: no file is written, the section of the backend counts, flags win.
TEST_F(DryRun, APlanTellsSizesBeforeAnythingIsBuilt) {
  const auto yaml =
      folder_.write("run.yaml", "model: " + model("llama-stories260k") +
                                    "\ncompile: {backend: qaic}\n"
                                    "qaic: {num_cores: 8, prefill_seq_len: 16, device_group: [0, 1]}\n");
  const Finished plan = run_tessera({"plan", yaml.string(), "--num-cores", "4", "--json"});
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  const boost::json::value told = boost::json::parse(plan.out).at("plan");
  EXPECT_EQ(told.at("num_cores").as_int64(), 4);
  EXPECT_EQ(told.at("num_devices").as_int64(), 2);
  EXPECT_EQ(told.at("specializations").at(0).at("seq_len").as_int64(), 16);
  EXPECT_GT(told.at("per_device").at("kv_bytes").as_int64(), 0);
  const Finished text = run_tessera({"plan", yaml.string()});
  EXPECT_THAT(text.out, HasSubstr("  qaic-kv-cache\n"));
  EXPECT_THAT(text.out, HasSubstr("num_cores            8\n"));
  const Finished refused = run_tessera({"plan", yaml.string(), "--ctx-len", "8"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("ctx_len is 8, below prefill_seq_len, 16"));
  const Finished stranger =
      run_tessera({"plan", folder_.write("b.yaml", "model: x\nqpu: {a: 1}\n").string()});
  EXPECT_THAT(stranger.err, HasSubstr("unknown key 'qpu'"));
}

/// Target and draft model stand on one device: 11 and 5 of its 16 cores, or what the target leaves.
TEST_F(DryRun, APlanWithADraftModelSharesTheCores) {
  const auto yaml = folder_.write(
      "run.yaml", "model: " + model("llama-stories260k") + "\ncompile: {backend: qaic}\n" +
                      "engine: {speculation: draft, draft_model: " + model("llama-stories260k") + "}\n");
  const auto plan = [&](const Words& words) {
    Words args = {"plan", yaml.string(), "--json"};
    args.insert(args.end(), words.begin(), words.end());
    const Finished told = run_tessera(args);
    EXPECT_EQ(told.exit_code, 0) << told.err;
    return boost::json::parse(told.out);
  };
  const boost::json::value both = plan({});
  EXPECT_EQ(both.at("core_split"), boost::json::parse(R"({"device":16,"target":11,"draft":5})"));
  EXPECT_EQ(both.at("plan").at("num_cores").as_int64(), 11);
  EXPECT_EQ(both.at("draft").at("plan").at("num_cores").as_int64(), 5);
  EXPECT_EQ(plan({"--num-cores", "14"}).at("core_split").at("draft").as_int64(), 2);
  EXPECT_EQ(plan({"--num-cores", "8"}).at("core_split").at("draft").as_int64(), 5);
  EXPECT_FALSE(plan({"--speculation", "off"}).as_object().contains("draft"));
  const boost::json::value two_devices = plan({"--num-cores", "16"});
  EXPECT_FALSE(two_devices.as_object().contains("core_split"));
  EXPECT_EQ(two_devices.at("draft").at("plan").at("num_cores").as_int64(), 16);
  EXPECT_EQ(plan({"--draft-option", "num-cores=3"}).at("core_split").at("target").as_int64(), 13);
  const Finished refused = run_tessera({"plan", yaml.string(), "--num-cores", "16", "--device-group", "0"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("the target takes 16 cores and the draft model 1, but a device has 16"));
  const Finished missing = run_tessera({"plan", yaml.string(), "--draft-model", "/nowhere"});
  EXPECT_EQ(missing.exit_code, 4);
  EXPECT_THAT(missing.err, HasSubstr("planning the draft model"));
}

TEST_F(DryRun, LeavesNothingBehindWhenItIsRefused) {
  const Finished refused = run({"--ctx-len", "8"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("ctx_len is 8, below prefill_seq_len, 32"));
  const Finished unbuilt = run({"--use-onnx-subfunctions"});
  EXPECT_EQ(unbuilt.exit_code, 3);
  EXPECT_THAT(unbuilt.err, HasSubstr("a graph of sub-functions is not built yet"));
  const Finished unknown = run({"--num-core", "4"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean '--num-cores'?"));
  EXPECT_TRUE(names_in(folder_.path()).empty());
}

TEST_F(DryRun, NeedsAFolderAndABackendThatKnowsIt) {
  const Finished nowhere =
      run_tessera({"compile", model("llama-stories260k"), "--backend", "qaic", "--dry-run"});
  EXPECT_EQ(nowhere.exit_code, 3);
  EXPECT_THAT(nowhere.err, HasSubstr("a dry run needs a folder to write to"));
  const Finished cpu = run_tessera({"compile", model("llama-stories260k"), "--dry-run"});
  EXPECT_EQ(cpu.exit_code, 2);
  EXPECT_THAT(cpu.err, HasSubstr("unknown flag '--dry-run'"));
  const Finished nobody =
      run_tessera({"compile", model("llama-stories260k"), "--backend", "qiac", "--dry-run"});
  EXPECT_EQ(nobody.exit_code, 4);
  EXPECT_THAT(nobody.err, HasSubstr("did you mean 'qaic'?"));
}

}  // namespace
}  // namespace tessera::test
