/// The words that QAic users type: each is known with dashes, with underscores and in a run file, and means
/// the same in all three.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

using testing::HasSubstr;

/// Word with dashes, value. Words of one list fit together.
using WordList = std::vector<std::pair<std::string, std::string>>;

std::string with_underscores(std::string word) {
  std::replace(word.begin(), word.end(), '-', '_');
  return word;
}

class QaicWords : public testing::Test {
 protected:
  std::string model() const { return (test_data() / "models" / "llama3-tiny").string(); }

  Finished plan(std::vector<std::string> words) const {
    words.insert(words.begin(), {"plan", "-m", model(), "--backend", "qaic", "--json"});
    return run_tessera(words);
  }
  Finished plan_by_file(const WordList& list) const {
    std::string yaml = "model: " + model() + "\ncompile: {backend: qaic}\nqaic:\n";
    for (const auto& [word, value] : list) yaml += "  " + with_underscores(word) + ": " + value + "\n";
    return run_tessera({"plan", folder_.write("run.yaml", yaml).string(), "--json"});
  }

  /// The plan of the list, which all spellings give.
  boost::json::value plan_of(const WordList& list) const {
    std::vector<std::string> dashes, underscores;
    for (const auto& [word, value] : list) {
      dashes.insert(dashes.end(), "--" + word + "=" + value);
      underscores.insert(underscores.end(), "--" + with_underscores(word) + "=" + value);
    }
    const Finished wanted = plan(dashes);
    EXPECT_EQ(wanted.exit_code, 0) << wanted.err;
    EXPECT_EQ(plan(underscores).out, wanted.out);
    EXPECT_EQ(plan_by_file(list).out, wanted.out);
    return wanted.exit_code == 0 ? boost::json::parse(wanted.out).at("plan") : boost::json::value();
  }

  TemporaryFolder folder_;
};

TEST_F(QaicWords, OfContinuousBatchingAndDevices) {
  const boost::json::value plan = plan_of({{"num-cores", "14"},
                                           {"device-group", "[0,1]"},
                                           {"mxfp6-matmul", "true"},
                                           {"mxint8-kv-cache", "true"},
                                           {"full-batch-size", "4"},
                                           {"kv-cache-batch-size", "8"},
                                           {"prefill-seq-len", "16"},
                                           {"ctx-len", "64"},
                                           {"aic-enable-depth-first", "true"},
                                           {"mos", "1"},
                                           {"allow-mxint8-mdp-io", "true"}});
  EXPECT_EQ(plan.at("num_cores"), 14);
  EXPECT_EQ(plan.at("num_devices"), 2);
  EXPECT_EQ(plan.at("specializations").at(1).at("batch_size"), 4);
  EXPECT_EQ(plan.at("specializations").at(1).at("full_batch_size"), 8);
}

TEST_F(QaicWords, OfPlainBatchesAndTheirShortNames) {
  const boost::json::value plan = plan_of({{"batch-size", "2"},
                                           {"prompt-len", "16"},
                                           {"ctx-len", "64"},
                                           {"mxfp6", "true"},
                                           {"mxint8", "true"},
                                           {"prefill-only", "true"},
                                           {"device-group", "0,1"}});
  ASSERT_EQ(plan.at("specializations").as_array().size(), 1U);
  EXPECT_EQ(plan.at("specializations").at(0).at("batch_size"), 2);
  EXPECT_EQ(plan.at("specializations").at(0).at("seq_len"), 16);
}

TEST_F(QaicWords, OfSpeculation) {
  const boost::json::value plan =
      plan_of({{"speculative-model-type", "target"}, {"num-speculative-tokens", "3"}, {"ctx-len", "64"}});
  EXPECT_EQ(plan.at("specializations").at(1).at("num_logits_to_keep"), 4);
}

TEST_F(QaicWords, OfComputeContextLengths) {
  const Finished refused = plan({"--ccl-enabled", "--comp_ctx_lengths_prefill", "512",
                                 "--comp-ctx-lengths-decode", "512,1024", "--ctx-len", "1024"});
  // The model has 512 positions: the words are understood, the context is refused.
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("table has 512 rows"));
}

TEST_F(QaicWords, ThatAreNotBuiltAreRefusedByName) {
  for (const auto& [word, named] :
       WordList{{"use-onnx-subfunctions", "a graph of sub-functions is not built yet"},
                {"lora-adapters=a", "LoRA for the card is not built yet"},
                {"enable-qnn", "compiling with QNN is not built yet"},
                {"speculative-model-type=turbo", "turbo (projection heads)"}}) {
    const Finished refused = plan({"--" + word});
    EXPECT_EQ(refused.exit_code, 3) << word;
    EXPECT_THAT(refused.err, HasSubstr(named)) << word;
    EXPECT_THAT(refused.err, HasSubstr("docs/qaic.md")) << word;
  }
}

TEST_F(QaicWords, ACustomIoListIsReadAndChecked) {
  const std::string list = folder_.write("io.yaml", " - IOName: pasta.0\n   Precision: float16\n").string();
  const Finished refused = run_tessera({"compile", model(), "--backend", "qaic", "--dry-run", "-o",
                                        (folder_ / "out").string(), "--custom_io_file_path", list});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("pasta.0"));
}

}  // namespace
}  // namespace tessera::test
