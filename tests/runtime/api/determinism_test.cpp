/// The same request gives the same text and the same logits, bit for bit, in every regime of the engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <latch>
#include <numeric>
#include <thread>

#include "runtime/generation/sampled_chooser.hpp"
#include "runtime/generation/sampled_draft_chooser.hpp"
#include "runtime/generation/serving.hpp"
#include "runtime/model/loaded_model.hpp"
#include "tests/runtime/api/golden_cases.hpp"

namespace tessera::test {
namespace {

constexpr size_t kRequests = 20;
constexpr int64_t kContext = 160;

struct Text {
  std::vector<int64_t> tokens;
  uint64_t logits_hash = 0xCBF29CE484222325U;  ///< FNV-1a over the logits of each emitted token
  bool operator==(const Text&) const = default;
};

/// Notes the logits that a token is chosen from.
class HashingChooser final : public engine::TokenChooser {
 public:
  HashingChooser(std::unique_ptr<engine::TokenChooser> chooser, Text& text)
      : chooser_(std::move(chooser)), text_(text) {}
  int64_t choose(std::span<float> logits) override {
    for (const float logit : logits) {
      uint32_t bits = 0;
      std::memcpy(&bits, &logit, sizeof bits);
      text_.logits_hash = (text_.logits_hash ^ bits) * 0x100000001B3U;
    }
    return chooser_->choose(logits);
  }

 private:
  std::unique_ptr<engine::TokenChooser> chooser_;
  Text& text_;
};

class TextSink final : public engine::TokenSink {
 public:
  TextSink(Text& text, std::latch& ended) : text_(text), ended_(ended) {}
  bool accept(int64_t token) override {
    text_.tokens.push_back(token);
    return true;
  }
  void end(engine::EndReason reason, std::exception_ptr, const engine::RequestMetrics&) override {
    EXPECT_EQ(reason, engine::EndReason::kFinished);
    ended_.count_down();
  }

 private:
  Text& text_;
  std::latch& ended_;
};

class IgnoringSink final : public engine::TokenSink {
 public:
  bool accept(int64_t) override { return true; }
  void end(engine::EndReason, std::exception_ptr, const engine::RequestMetrics&) override {}
};

/// Short and long prompts; every other one begins as its neighbour does.
std::vector<int64_t> prompt_of(size_t request, int64_t vocab) {
  const size_t length = 1 + request * 37 % 90;
  std::vector<int64_t> prompt(length);
  for (size_t i = 0; i < length; ++i) {
    const size_t seed = i < 24 ? request / 2 : request;
    prompt[i] = static_cast<int64_t>((seed * 7919 + i * i * 31 + 3) % static_cast<size_t>(vocab));
  }
  return prompt;
}

enum class Order { kAlone, kTogether, kBackwards };

struct Regime {
  const char* name;
  Order order = Order::kTogether;
  EngineSettings settings = {};
  int64_t threads = 2;
  bool cancels = false;  ///< others come and go beside them
  int rounds = 1;        ///< the last counts: what earlier ones computed may be found
};

const Regime kRegimes[] = {
    {.name = "alone, two threads", .order = Order::kAlone},
    {.name = "together"},
    {.name = "backwards, three at once", .order = Order::kBackwards, .settings = {.max_num_seqs = 3}},
    {.name = "with cancels beside them", .cancels = true},
    {.name = "chunk 1", .settings = {.prefill_chunk = 1}},
    {.name = "chunk 7, one thread", .settings = {.prefill_chunk = 7}, .threads = 1},
    {.name = "chunk 64", .settings = {.prefill_chunk = 64}},
    {.name = "chunk 512", .settings = {.prefill_chunk = 512}},
    {.name = "found computed", .rounds = 2},
    {.name = "no prefix reuse", .settings = {.prefix_caching = false}, .rounds = 2},
    {.name = "preempted", .settings = {.max_num_seqs = 12, .kv_tokens = 256}},
    {.name = "waiting for memory", .settings = {.max_num_seqs = 12, .preempt = false, .kv_tokens = 256}},
    {.name = "by priority", .settings = {.max_num_seqs = 4, .scheduling_policy = "priority"}},
    {.name = "prompt lookup", .settings = {.speculation = "prompt-lookup"}},
    {.name = "prompt lookup, alone, one thread",
     .order = Order::kAlone,
     .settings = {.speculation = "prompt-lookup", .num_speculative_tokens = {3, 20}},
     .threads = 1},
    {.name = "prompt lookup, preempted",
     .settings = {.max_num_seqs = 12, .kv_tokens = 256, .speculation = "prompt-lookup"},
     .cancels = true},
    {.name = "draft", .settings = {.speculation = "draft"}},
    {.name = "draft, lengths 2 and 5, chunk 7, one thread",
     .settings = {.prefill_chunk = 7, .speculation = "draft", .num_speculative_tokens = {2, 5}},
     .threads = 1},
    {.name = "draft, preempted",
     .settings = {.max_num_seqs = 12, .kv_tokens = 256, .speculation = "draft"},
     .cancels = true},
    {.name = "fair", .settings = {.max_num_seqs = 4, .scheduling_policy = "fair"}},
};

class Determinism : public testing::TestWithParam<const char*> {
 protected:
  Determinism() : loaded_(model_folder(GetParam()).string(), LoadOptions{.task = "causal-lm"}) {}

  std::vector<Text> run(const Regime& regime) {
    const CompiledModel compiled(loaded_, {.num_threads = regime.threads});
    EngineSettings settings = regime.settings;
    if (settings.speculation == "draft") settings.draft_model = draft_folder();
    Serving serving(compiled, loaded_.facts(), kContext, settings,
                    make_draft_session(loaded_, {}, {.num_threads = regime.threads}, kContext, settings));
    std::vector<Text> texts;
    for (int round = 0; round < regime.rounds; ++round) {
      texts = std::vector<Text>(kRequests);
      run_round(serving, regime, texts);
    }
    statistics_ = serving.statistics();
    return texts;
  }

  /// One that often differs where there is one with the same tokenizer, else the model itself.
  std::string draft_folder() const {
    const std::string name = GetParam();
    return model_folder(name == "rope-dynamic" ? "rope-linear" : GetParam()).string();
  }

  void run_round(Serving& serving, const Regime& regime, std::vector<Text>& texts) {
    std::vector<size_t> order(kRequests);
    std::iota(order.begin(), order.end(), 0);
    if (regime.order == Order::kBackwards) std::reverse(order.begin(), order.end());
    std::latch all(kRequests);
    std::vector<engine::RequestId> others;
    for (const size_t request : order) {
      if (regime.cancels) others.push_back(submit_other(serving, request));
      if (regime.order == Order::kAlone) {
        std::latch one(1);
        submit(serving, request, texts[request], one);
        one.wait();
        all.count_down();
      } else {
        submit(serving, request, texts[request], all);
      }
      if (others.size() > 2) serving.engine().cancel(others[others.size() - 3]);
    }
    all.wait();
  }

  void submit(Serving& serving, size_t request, Text& text, std::latch& ended) {
    engine::Submission submission;
    submission.prompt = prompt_of(request, loaded_.facts().vocab_size);
    submission.max_new_tokens = 90 + static_cast<int64_t>(request % 3) * 20;
    submission.priority = static_cast<int32_t>(request % 4);
    submission.tenant = request % 3 == 0 ? "a" : "b";
    sampling::SamplingParams params;
    if (request % 2 == 1) params = {.temperature = 1.1, .top_k = 50, .top_p = 0.9, .seed = 1000 + request};
    const sampling::Sampler sampler(params, submission.prompt, {});
    if (serving.drafts())
      submission.draft_chooser = std::make_unique<SampledDraftChooser>(sampler, serving.workspace());
    auto sampled = std::make_unique<SampledChooser>(sampler, serving.workspace(), nullptr);
    submission.chooser = std::make_unique<HashingChooser>(std::move(sampled), text);
    submission.sink = std::make_shared<TextSink>(text, ended);
    serving.engine().submit(std::move(submission));
  }

  engine::RequestId submit_other(Serving& serving, size_t request) {
    return serving.engine().submit({.prompt = prompt_of(request * 3 + 1, loaded_.facts().vocab_size),
                                    .max_new_tokens = 30,
                                    .sink = std::make_shared<IgnoringSink>()});
  }

  LoadedModel loaded_;
  EngineStatistics statistics_;
};

TEST_P(Determinism, OneTextAndOneHashOfItsLogitsInEveryRegime) {
  const std::vector<Text> expected =
      run({.name = "", .order = Order::kAlone, .settings = {.prefix_caching = false}, .threads = 1});
  for (const Text& text : expected) EXPECT_GE(text.tokens.size(), 40U);
  for (const Regime& regime : kRegimes) {
    const std::vector<Text> texts = run(regime);
    for (size_t i = 0; i < kRequests; ++i) {
      EXPECT_EQ(texts[i].tokens, expected[i].tokens) << regime.name << ", request " << i;
      EXPECT_EQ(texts[i].logits_hash, expected[i].logits_hash) << regime.name << ", request " << i;
    }
    const std::string_view name = regime.name;
    if (name.ends_with("preempted")) {
      EXPECT_GT(statistics_.preemptions, 0U);
    }
    EXPECT_EQ(statistics_.speculation.drafts > 0, regime.settings.speculation != "off") << regime.name;
    if (name == "found computed" && !loaded_.facts().rope_length) {
      EXPECT_GT(statistics_.prefix_hits, 500U);
    }
    if (name == "no prefix reuse" || loaded_.facts().rope_length) {
      EXPECT_EQ(statistics_.prefix_hits, 0U);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Determinism,
                         testing::Values("llama-stories260k", "mistral-tiny", "rope-dynamic"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace tessera::test
