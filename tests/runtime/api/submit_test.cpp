/// Requests beside one another through the public API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "tessera/model.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/runtime/api/golden_cases.hpp"

namespace tessera::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class Submit : public testing::Test {
 protected:
  AutoModelForCausalLM model =
      AutoModelForCausalLM::from_pretrained(model_folder("llama-stories260k").string());
};

TEST_F(Submit, GivesWhatGenerateGives) {
  const GenerateOptions options{.max_new_tokens = 20};
  const GenerateResult expected = model.generate("Once upon a time there was a girl named Lily", options);
  std::string streamed;
  std::vector<int64_t> tokens;
  std::atomic<int> ends = 0;
  const Generation generation = model.submit("Once upon a time there was a girl named Lily", options,
                                             {.on_text = [&](std::string_view text) { streamed += text; },
                                              .on_token = [&](int64_t token) { tokens.push_back(token); },
                                              .on_end = [&](const GenerateResult&) { ++ends; }});
  const GenerateResult result = generation.get();
  EXPECT_EQ(result.tokens, expected.tokens);
  EXPECT_EQ(result.text, expected.text);
  EXPECT_EQ(streamed, expected.text);
  EXPECT_EQ(tokens, expected.tokens);
  EXPECT_GT(result.metrics.cached_tokens, 0);  // the prompt was computed before
  EXPECT_LE(result.metrics.ttft_s, result.metrics.total_s);
  const auto all = static_cast<double>(result.prompt_tokens.size() + result.tokens.size());
  EXPECT_NEAR(result.metrics.total_tps * result.metrics.total_s, all, 1e-6 * all);
  EXPECT_EQ(generation.get().text, expected.text);  // again
  EXPECT_TRUE(generation.wait_for(std::chrono::milliseconds(0)));
}

TEST_F(Submit, SeededTextIsTheSameAloneAndBesideOthers) {
  GenerateOptions options{.max_new_tokens = 30, .ignore_eos = true};
  options.sampling = sampling::SamplingParams{.temperature = 1, .seed = 42, .logprobs = 2};
  const GenerateResult alone = model.generate("The cat", options);
  EXPECT_EQ(alone.seed, 42U);
  ASSERT_EQ(alone.logprobs.size(), 30U);
  EXPECT_EQ(alone.logprobs[7].chosen.token, alone.tokens[7]);
  std::vector<Generation> generations;
  for (int i = 0; i < 12; ++i) generations.push_back(model.submit(i == 5 ? "The cat" : "A dog", options));
  EXPECT_EQ(generations[5].get().tokens, alone.tokens);
  options.sampling->seed = 43;
  EXPECT_NE(model.generate("The cat", options).tokens, alone.tokens);
}

TEST_F(Submit, CancelledAndLateRequestsGiveWhatThereIs) {
  const GenerateOptions endless{.ignore_eos = true};
  std::atomic<bool> started = false, go = false;
  const Generation cancelled = model.submit("Once", endless, {.on_token = [&](int64_t) {
                                              started = true;
                                              while (!go) std::this_thread::yield();
                                            }});
  while (!started) std::this_thread::yield();
  cancelled.cancel();
  go = true;
  EXPECT_EQ(cancelled.get().finish_reason, FinishReason::kCancelled);
  EXPECT_GE(cancelled.get().tokens.size(), 1U);
  const Generation late =
      model.submit("Once", endless,
                   {.on_token = [](int64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); },
                    .timeout = std::chrono::milliseconds(50)});
  EXPECT_EQ(late.get().finish_reason, FinishReason::kTimeout);
  cancelled.cancel();  // has ended long ago
}

TEST_F(Submit, ACallbackThatThrowsEndsItsOwnRequestWithThatError) {
  std::atomic<int> errors = 0;
  const Generation bad =
      model.submit("Once", {.max_new_tokens = 50},
                   {.on_text = [](std::string_view) { throw std::runtime_error("no paper"); },
                    .on_error = [&](std::exception_ptr) { ++errors; }});
  const Generation good = model.submit("Once", {.max_new_tokens = 10});
  EXPECT_THAT([&] { bad.get(); }, ThrowsMessage<std::runtime_error>("no paper"));
  EXPECT_EQ(good.get().tokens.size(), 10U);
  EXPECT_EQ(errors, 1);
}

TEST_F(Submit, RefusesBeforeAnythingStarts) {
  EXPECT_THAT([&] { model.submit(Prompt(std::vector<int64_t>{})); },
              ThrowsMessage<Error>(HasSubstr("no tokens")));
  EXPECT_THAT([&] { model.submit(Prompt(std::vector<int64_t>(100000, 1))); },
              ThrowsMessage<Error>(HasSubstr("the context holds")));
  GenerateOptions options;
  options.sampling = sampling::SamplingParams{.temperature = -1};
  EXPECT_THAT([&] { model.submit("a", options); }, ThrowsMessage<Error>(HasSubstr("temperature")));
  options.sampling = sampling::SamplingParams{.temperature = 1, .top_p = std::nan("")};
  EXPECT_THAT([&] { model.submit("a", options); }, ThrowsMessage<Error>(HasSubstr("top_p")));
  EXPECT_THAT([&] { model.submit("a", {.stop = {""}}); },
              ThrowsMessage<Error>(HasSubstr("a stop text is empty")));
  options.sampling = sampling::SamplingParams{.temperature = 1, .n = 2};
  EXPECT_THAT([&] { model.submit("a", options, {.on_text = [](std::string_view) {}}); },
              ThrowsMessage<Error>(HasSubstr("2 texts cannot share on_text")));
  EXPECT_EQ(model.submit("a", {.max_new_tokens = 0}).get().tokens.size(), 0U);
}

TEST_F(Submit, ObeysTheEnginesSettings) {
  model.set_engine({.max_num_seqs = 1, .max_queue = 2});
  std::atomic<bool> started = false, go = false;
  const Generation first = model.submit("Once", {.max_new_tokens = 2}, {.on_token = [&](int64_t) {
                                          started = true;
                                          while (!go) std::this_thread::yield();
                                        }});
  while (!started) std::this_thread::yield();
  model.submit("a", {.max_new_tokens = 1});
  model.submit("b", {.max_new_tokens = 1});
  EXPECT_THAT([&] { model.submit("c"); },
              ThrowsMessage<Error>(HasSubstr("2 requests wait already (max_queue)")));
  const EngineStatistics statistics = model.engine_statistics();
  EXPECT_EQ(statistics.running, 1U);
  EXPECT_EQ(statistics.waiting, 2U);
  EXPECT_EQ(statistics.refused, 1U);
  go = true;
  EXPECT_EQ(first.get().tokens.size(), 2U);
  model.set_engine({.scheduling_policy = "lifo"});
  EXPECT_THAT([&] { model.submit("d"); },
              ThrowsMessage<Error>(HasSubstr("unknown scheduling policy 'lifo'")));
}

TEST_F(Submit, EndsWhatIsUnderWayWhenTheEngineChanges) {
  const Generation generation = model.submit("Once", {.ignore_eos = true});
  TextStream stream = model.generate_stream("Once", {.ignore_eos = true});
  model.set_engine({.max_num_seqs = 2});
  generation.get();  // ended, one way or the other
  stream.result();
  EXPECT_EQ(model.generate("Once", {.max_new_tokens = 3}).tokens.size(), 3U);
}

TEST_F(Submit, GenerateTakesMorePromptsThanTheQueueHolds) {
  model.set_engine({.max_num_seqs = 2, .max_queue = 4});
  const auto results = model.generate(std::vector<Prompt>(40, Prompt("Once")), {.max_new_tokens = 3});
  for (const GenerateResult& result : results) EXPECT_EQ(result.tokens, results[0].tokens);
}

TEST_F(Submit, SeveralTextsOfAPromptComputeItOnce) {
  GenerateOptions options{.max_new_tokens = 8, .ignore_eos = true};
  options.sampling = sampling::SamplingParams{.temperature = 1, .seed = 1, .n = 4, .best_of = 6};
  const std::vector<GenerateResult> shared =
      model.generate(std::vector<Prompt>{Prompt("Once upon a time there was a girl named Lily")}, options);
  ASSERT_EQ(shared.size(), 4U);
  const uint64_t prompt = shared[0].prompt_tokens.size();
  const EngineStatistics statistics = model.engine_statistics();
  EXPECT_EQ(statistics.prompt_rows, prompt + 5);  // the last token of each, for its logits
  EXPECT_EQ(statistics.forks, 5U);
  model.set_engine({.prefix_caching = false});
  const std::vector<GenerateResult> apart =
      model.generate(std::vector<Prompt>{Prompt("Once upon a time there was a girl named Lily")}, options);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(apart[i].tokens, shared[i].tokens);
}

TEST_F(Submit, GivesTheTextsOfAPromptThatGenerateGives) {
  GenerateOptions options{.max_new_tokens = 12, .ignore_eos = true};
  options.sampling = sampling::SamplingParams{.temperature = 1, .seed = 7, .n = 3};
  for (const int64_t best_of : {0, 5}) {
    options.sampling->best_of = best_of;
    const std::vector<GenerateResult> expected = model.generate(std::vector<Prompt>{"The cat"}, options);
    std::vector<std::string> streamed(5);
    std::atomic<int> ends = 0, tokens = 0;
    const Generation generation = model.submit(
        "The cat", options,
        {.on_token = [&](int64_t) { ++tokens; },
         .on_end = [&](const GenerateResult&) { ++ends; },
         .on_choice_text = [&](size_t choice, std::string_view text) { streamed[choice] += text; }});
    const std::vector<GenerateResult> results = generation.get_all();
    ASSERT_EQ(results.size(), 3U);
    for (size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(results[i].tokens, expected[i].tokens);
      EXPECT_TRUE(results[i].logprobs.empty());
      EXPECT_NE(std::find(streamed.begin(), streamed.end(), results[i].text), streamed.end());
    }
    EXPECT_EQ(generation.get().tokens, expected[0].tokens);
    for (int i = 0; i < 1000 && ends == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(ends, 1);
    EXPECT_EQ(tokens, 12 * std::max<int64_t>(3, best_of));
  }
}

TEST_F(Submit, OneTextThatFailsEndsTheOthersOfItsRequest) {
  GenerateOptions options{.ignore_eos = true};
  options.sampling = sampling::SamplingParams{.temperature = 1, .seed = 7, .n = 3};
  std::atomic<int> errors = 0;
  const Generation bad = model.submit("Once", options,
                                      {.on_choice_text =
                                           [](size_t choice, std::string_view) {
                                             if (choice == 1) throw std::runtime_error("no paper");
                                           },
                                       .on_error = [&](std::exception_ptr) { ++errors; }});
  EXPECT_THAT([&] { bad.get_all(); }, ThrowsMessage<std::runtime_error>("no paper"));
  EXPECT_EQ(model.submit("Once", {.max_new_tokens = 3}).get().tokens.size(), 3U);
  EXPECT_LE(errors, 1);
}

TEST_F(Submit, TakesAllTextsOfAPromptOrNone) {
  model.set_engine({.max_num_seqs = 1, .max_queue = 3});
  GenerateOptions options{.max_new_tokens = 2};
  options.sampling = sampling::SamplingParams{.temperature = 1, .n = 4};
  EXPECT_THAT([&] { model.submit("a", options); }, ThrowsMessage<Error>(HasSubstr("max_queue")));
  const EngineStatistics statistics = model.engine_statistics();
  EXPECT_EQ(statistics.running + statistics.waiting + statistics.finished, 0U);
  options.sampling->n = 3;
  EXPECT_EQ(model.submit("a", options).get_all().size(), 3U);
}

TEST_F(Submit, RefusesFaultSettingsThatMakeNoSense) {
  const auto generate_with = [&](const EngineSettings& settings) {
    model.set_engine(settings);
    return [&] { model.generate("a", {.max_new_tokens = 1}); };
  };
  EXPECT_THAT(generate_with({.step_timeout = -1}), ThrowsMessage<Error>(HasSubstr("step_timeout is -1")));
  EXPECT_THAT(generate_with({.step_timeout = std::nan("")}),
              ThrowsMessage<Error>(HasSubstr("step_timeout is")));
  EXPECT_THAT(generate_with({.max_reloads = -1}), ThrowsMessage<Error>(HasSubstr("max_reloads is -1")));
  EXPECT_NO_THROW(generate_with({.step_timeout = 60, .max_reloads = 2})());
}

TEST_F(Submit, AStreamLeftEarlyCancelsItsRequest) {
  {
    TextStream stream = model.generate_stream("Once", {.ignore_eos = true});
    EXPECT_NE(stream.begin(), stream.end());
  }
  for (int i = 0; i < 1000 && model.engine_statistics().running > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(model.engine_statistics().running, 0U);
}

TEST_F(Submit, AStopTokenInterruptsGenerate) {
  std::stop_source source;
  const GenerateOptions options{.ignore_eos = true, .cancel = source.get_token()};
  const std::vector<Prompt> more_than_run_at_once(200,
                                                  Prompt("Once"));  // the engine may be ahead of the caller
  EXPECT_THAT(
      [&] {
        model.generate(more_than_run_at_once, options,
                       [&](size_t, std::string_view) { source.request_stop(); });
      },
      ThrowsMessage<Error>("generation was interrupted"));
  EXPECT_THAT([&] { model.generate("Once", options); }, ThrowsMessage<Error>("generation was interrupted"));
}

TEST_F(Submit, ManyThreadsMaySubmitAtOnce) {
  const std::vector<int64_t> expected = model.generate("Once", {.max_new_tokens = 12}).tokens;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i)
        right += model.submit("Once", {.max_new_tokens = 12}).get().tokens == expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 15);
}

}  // namespace
}  // namespace tessera::test
