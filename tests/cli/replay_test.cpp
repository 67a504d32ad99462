/// `run --receipt` and `replay`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "core/digest/sha256.hpp"
#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;

class Replay : public testing::Test {
 protected:
  void SetUp() override {
    // A copy: a test changes it.
    fs::copy(test_data() / "models" / "llama-stories260k", model_, fs::copy_options::recursive);
    for (const auto& entry : fs::directory_iterator(model_)) {
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    }
    folder_.write("in.jsonl",
                  "{\"id\": \"greedy\", \"prompt\": \"Once upon a time\", \"max_tokens\": 12}\n"
                  "{\"id\": \"drawn\", \"prompt\": \"The dog\", \"max_tokens\": 12, \"temperature\": 1}\n"
                  "{\"id\": \"broken\"\n"
                  "{\"id\": \"late\", \"prompt\": \"A\", \"max_tokens\": 400, \"ignore_eos\": true, "
                  "\"timeout\": 0.001}\n");
    const Finished run = run_tessera({"run", "-m", model_.string(), "--requests", path("in.jsonl"), "-o",
                                      path("out.jsonl"), "--receipt", receipt()});
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }

  std::string path(const char* name) const { return (folder_ / name).string(); }
  std::string receipt() const { return path("receipt.json"); }

  json::object read() const {
    std::ostringstream bytes;
    bytes << std::ifstream(receipt(), std::ios::binary).rdbuf();
    return json::parse(bytes.str()).as_object();
  }
  void write(const json::object& object) const { folder_.write("receipt.json", json::serialize(object)); }

  Finished replay(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args = {"replay", receipt()};
    args.insert(args.end(), more.begin(), more.end());
    return run_tessera(args);
  }

  TemporaryFolder folder_;
  fs::path model_ = folder_ / "model";
};

TEST_F(Replay, AReceiptSaysWhatARunWasMadeOf) {
  const json::object object = read();
  EXPECT_EQ(object.at("backend"), "cpu");
  EXPECT_FALSE(object.at("tier").as_string().empty());
  EXPECT_TRUE(object.at("bits_promised").as_bool());
  EXPECT_EQ(object.at("model").at("files").at("model.safetensors"),
            json::value(sha256_of_file(model_ / "model.safetensors")));
  EXPECT_FALSE(object.at("plugins").as_object().empty());
  EXPECT_EQ(object.at("compile_key").as_string().size(), 64U);
  EXPECT_EQ(object.at("inputs").as_string().size(), 64U);
  const json::array& requests = object.at("requests").as_array();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_TRUE(requests[1].at("result").at("seed").is_number());  // drawn
  EXPECT_FALSE(requests[0].at("result").as_object().contains("seed"));
}

TEST_F(Replay, TheSameComesOut) {
  const Finished again = replay({"--json"});
  ASSERT_EQ(again.exit_code, 0) << again.err << again.out;
  const json::value report = json::parse(again.out);
  EXPECT_TRUE(report.at("passed").as_bool());
  EXPECT_TRUE(report.at("promised").as_bool());
  EXPECT_EQ(report.at("compared"), 3);
  EXPECT_EQ(report.at("equal"), 3);
  EXPECT_EQ(report.at("skipped"), 1);
  EXPECT_EQ(replay({"-t", "1"}).exit_code, 0);
}

TEST_F(Replay, ADifferenceIsNamed) {
  json::object object = read();
  json::object& result = object.at("requests").at(0).at("result").as_object();
  result["tokens"].as_array()[3] = 2;
  write(object);
  const Finished token = replay();
  EXPECT_EQ(token.exit_code, 5);
  EXPECT_THAT(token.out, HasSubstr("request 0 differs: token 3 of 12"));
  object["bits_promised"] = false;
  write(object);
  const Finished unpromised = replay();
  EXPECT_EQ(unpromised.exit_code, 0);
  EXPECT_THAT(unpromised.out, HasSubstr("request 0 differs"));
  EXPECT_THAT(unpromised.out, HasSubstr("promises no equal bits"));
}

TEST_F(Replay, TextAndFinishReasonAreCompared) {
  const json::object original = read();
  for (const char* name : {"text", "finish_reason"}) {
    json::object object = original;
    object.at("requests").at(0).at("result").as_object()[name] = "other";
    write(object);
    const Finished differs = replay();
    EXPECT_EQ(differs.exit_code, 5);
    EXPECT_THAT(differs.out, HasSubstr(std::string("request 0 differs: ") + name));
  }
}

TEST_F(Replay, ATierThatIsNotHereIsRefused) {
  json::object object = read();
  object["tier"] = "avx9000";
  write(object);
  const Finished refused = replay();
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("avx9000"));
}

TEST_F(Replay, AnotherModelIsRefused) {
  std::ofstream(model_ / "config.json", std::ios::app) << " ";
  const Finished refused = replay();
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("'config.json' is not what the receipt was made with"));
  const std::string original = (test_data() / "models" / "llama-stories260k").string();
  EXPECT_EQ(replay({"-m", original}).exit_code, 0);
}

TEST_F(Replay, WhatIsNoReceiptIsRefused) {
  EXPECT_EQ(run_tessera({"replay", path("none.json")}).exit_code, 4);
  EXPECT_EQ(run_tessera({"replay"}).exit_code, 2);
  json::object object = read();
  object.erase("plugins");
  write(object);
  EXPECT_EQ(replay().exit_code, 3);
  write({{"format", 1}});
  EXPECT_EQ(replay().exit_code, 3);
  folder_.write("receipt.json", "{}");
  EXPECT_EQ(replay().exit_code, 3);
}

TEST_F(Replay, AReceiptNeedsAnOutputFile) {
  EXPECT_EQ(
      run_tessera({"run", "-m", model_.string(), "--requests", path("in.jsonl"), "--receipt", receipt()})
          .exit_code,
      2);
}

}  // namespace
}  // namespace tessera::test
