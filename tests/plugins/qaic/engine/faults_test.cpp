/// Many requests through the stand-in while its driver fails at random: each ends exactly once, and what it
/// said is what it would have said alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tessera/model.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::qaic {
namespace {

constexpr int64_t kSlots = 16;
constexpr int64_t kMostTokens = 10;
constexpr size_t kPrompts = 12;

std::string folder() {
  return std::string(std::getenv("TESSERA_TEST_DATA")) + "/data/models/llama-stories260k";
}

AutoModelForCausalLM on_standin(bool target) {
  auto model = AutoModelForCausalLM::from_pretrained(folder());
  CompileOptions options;
  options.backend = "qaic";
  options.num_cores = 4;
  options.ctx_len = 80;
  if (target) options.num_speculative_tokens = {0, 3};
  options.backend_options = {{"sdk", std::getenv("TESSERA_QAIC_STANDIN")},
                             {"precision", "fp32"},
                             {"full-batch-size", std::to_string(kSlots)},
                             {"prefill-seq-len", "32"}};
  model.compile(options);
  return model;
}

std::vector<int64_t> prompt_of(size_t index) {
  std::vector<int64_t> prompt(1 + index * 17 % 50);
  for (size_t i = 0; i < prompt.size(); ++i)
    prompt[i] = static_cast<int64_t>(3 + ((i < 10 ? index / 3 : index) * 131 + i % 7 * 29) % 500);
  return prompt;
}

GenerateOptions options_of(size_t index, int64_t tokens) {
  GenerateOptions options{.max_new_tokens = tokens, .ignore_eos = true};
  options.sampling = sampling::SamplingParams{};
  if (index % 2 == 1) options.sampling->temperature = 1, options.sampling->seed = 40 + index;
  return options;
}

/// A driver's failures at random calls, about every `spacing`th.
std::string random_script(size_t calls, unsigned spacing, std::mt19937& random) {
  constexpr std::array<const char*, 6> kOrders = {
      "fail qaicEnqueueExecObj QS_ERROR at ",
      "fail qaicExecObjWaitForCompletion QS_TIMEDOUT at ",
      "fail qaicExecObjWaitForCompletion QS_DEV_ERROR at ",
      "fail qaicExecObjSetDataExt QS_NOMEM at ",
      "fail qaicEnqueueExecObj QS_BUSY at ",
      "reset 0 at ",
  };
  std::string script = "fail qaicLoadProgram QS_BUSY at 4\nfail qaicCreateContext QS_DEV_ERROR at 6\n";
  for (size_t call = 5; call < calls; call += 1 + random() % (2 * spacing))
    script += kOrders[random() % kOrders.size()] + std::to_string(call) + "\n";
  return script;
}

/// What became of a request; its callbacks count.
struct Record {
  size_t prompt = 0;
  int64_t most = 0;
  std::atomic<int> ends = 0, errors = 0;
  std::atomic<int> said = 0;
};

struct Fates {
  size_t finished = 0, cut = 0, failed = 0;
};

class QaicFaults : public testing::Test {
 protected:
  QaicFaults() {
    unsetenv("QAIC_STANDIN_SCRIPT");
    AutoModelForCausalLM model = on_standin(false);
    for (size_t i = 0; i < kPrompts; ++i)
      expected_.push_back(model.generate(prompt_of(i), options_of(i, kMostTokens)).tokens);
  }
  ~QaicFaults() override { unsetenv("QAIC_STANDIN_SCRIPT"); }

  Fates run(size_t requests);
  Fates check(const std::vector<Generation>& generations,
              const std::vector<std::unique_ptr<Record>>& records);

  test::TemporaryFolder folder_;
  std::vector<std::vector<int64_t>> expected_;
};

Fates QaicFaults::run(size_t requests) {
  std::mt19937 random(7);
  setenv("QAIC_STANDIN_SCRIPT", folder_.write("script", random_script(20 * requests, 30, random)).c_str(), 1);
  // Its context stays open, so that the driver goes on counting when the other's session is made anew.
  AutoModelForCausalLM holder = on_standin(false);
  holder.engine_statistics();
  AutoModelForCausalLM model = on_standin(true);
  model.set_engine({.max_num_seqs = kSlots,
                    .max_reloads = 20,
                    .speculation = "draft",
                    .draft_model = folder(),
                    .num_speculative_tokens = {0, 3}});
  std::vector<std::unique_ptr<Record>> records;
  std::vector<Generation> generations;
  for (size_t i = 0; i < requests; ++i) {
    Record& record = *records.emplace_back(std::make_unique<Record>());
    record.prompt = random() % kPrompts;
    record.most = 1 + static_cast<int64_t>(random() % kMostTokens);
    const bool throws = random() % 25 == 0, late = random() % 25 == 0, leaves = random() % 20 == 0;
    SubmitOptions how;
    how.on_token = [&record, throws](int64_t) {
      ++record.said;
      if (throws) throw std::runtime_error("no more paper");
    };
    how.on_end = [&record](const GenerateResult&) { ++record.ends; };
    how.on_error = [&record](std::exception_ptr) { ++record.errors; };
    if (late) how.timeout = std::chrono::milliseconds(1 + random() % 20);
    generations.push_back(
        model.submit(prompt_of(record.prompt), options_of(record.prompt, record.most), how));
    if (leaves) generations.back().cancel();
  }
  const Fates fates = check(generations, records);
  // Afterwards it serves as before.
  EXPECT_EQ(model.generate(prompt_of(1), options_of(1, 4)).tokens.size(), 4U);
  const EngineStatistics statistics = model.engine_statistics();
  EXPECT_EQ(statistics.finished + statistics.cancelled + statistics.timed_out + statistics.failed,
            requests + 1);
  EXPECT_EQ(statistics.failed, fates.failed);
  EXPECT_GT(statistics.reloads, requests / 100);
  EXPECT_GT(statistics.speculation.drafts, 0U);
  model.set_engine({});  // all callbacks have come
  for (size_t i = 0; i < requests; ++i) EXPECT_EQ(records[i]->ends + records[i]->errors, 1) << i;
  return fates;
}

Fates QaicFaults::check(const std::vector<Generation>& generations,
                        const std::vector<std::unique_ptr<Record>>& records) {
  Fates fates;
  for (size_t i = 0; i < generations.size(); ++i) {
    const Record& record = *records[i];
    std::vector<int64_t> tokens = expected_[record.prompt];
    tokens.resize(static_cast<size_t>(record.most));
    try {
      const GenerateResult result = generations[i].get();
      const bool whole = result.finish_reason == FinishReason::kLength;
      ++(whole ? fates.finished : fates.cut);
      if (!whole) tokens.resize(std::min(tokens.size(), result.tokens.size()));
      EXPECT_EQ(result.tokens, tokens) << i;
      EXPECT_EQ(static_cast<size_t>(record.said), result.tokens.size()) << i;
    } catch (const std::exception& error) {
      ++fates.failed;
      EXPECT_NE(std::string(error.what()), "") << i;
      EXPECT_LE(record.said, record.most) << i;
    }
  }
  return fates;
}

void expect_one_end_each(const Fates& fates, size_t requests) {
  EXPECT_EQ(fates.finished + fates.cut + fates.failed, requests);
  EXPECT_GT(fates.finished, requests / 2);
  EXPECT_GT(fates.failed, requests / 50);
}

TEST_F(QaicFaults, EndEachOfAHundredRequestsOnce) {
  expect_one_end_each(run(100), 100);
}

class QaicFaultsLong : public QaicFaults {};

TEST_F(QaicFaultsLong, EndEachOfAThousandRequestsOnce) {
  expect_one_end_each(run(1000), 1000);
}

/// Without reloads a lost device ends what runs, and whoever comes later hears why.
TEST_F(QaicFaults, AreToldWhenTheDeviceIsGoneForGood) {
  setenv("QAIC_STANDIN_SCRIPT", folder_.write("script", "reset 0 at 6\n").c_str(), 1);
  AutoModelForCausalLM model = on_standin(false);
  const auto message = [&] {
    try {
      model.generate(prompt_of(2), options_of(2, kMostTokens));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDeviceLost);
      return error.message();
    }
    return std::string();
  };
  EXPECT_NE(message().find("the device failed or was reset"), std::string::npos);
  EXPECT_NE(message().find("the device was lost"), std::string::npos);
  model.set_engine({.max_reloads = 1});  // a session of its own: the program is loaded again
  EXPECT_EQ(model.generate(prompt_of(1), options_of(1, 2)).tokens.size(), 2U);
}

}  // namespace
}  // namespace tessera::qaic
