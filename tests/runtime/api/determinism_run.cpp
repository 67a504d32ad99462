#include "tests/runtime/api/determinism_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <latch>
#include <numeric>

#include "runtime/generation/sampled_chooser.hpp"
#include "runtime/generation/sampled_draft_chooser.hpp"

namespace tessera::test {
namespace {

/// Notes the logits that a token is chosen from.
class HashingChooser final : public engine::TokenChooser {
 public:
  HashingChooser(std::unique_ptr<engine::TokenChooser> chooser, SaidText& text)
      : chooser_(std::move(chooser)), text_(text) {}
  int64_t choose(std::span<float> logits) override {
    float first = -INFINITY, second = -INFINITY;
    for (const float logit : logits) {
      uint32_t bits = 0;
      std::memcpy(&bits, &logit, sizeof bits);
      text_.logits_hash = (text_.logits_hash ^ bits) * 0x100000001B3U;
      second = std::max(second, std::min(first, logit));
      first = std::max(first, logit);
    }
    text_.gaps.push_back((first - second) / std::max(std::abs(first), std::abs(second)));
    return chooser_->choose(logits);
  }

 private:
  std::unique_ptr<engine::TokenChooser> chooser_;
  SaidText& text_;
};

class TextSink final : public engine::TokenSink {
 public:
  TextSink(SaidText& text, std::latch& ended) : text_(text), ended_(ended) {}
  bool accept(int64_t token) override {
    text_.tokens.push_back(token);
    return true;
  }
  void end(engine::EndReason reason, std::exception_ptr, const engine::RequestMetrics&) override {
    EXPECT_EQ(reason, engine::EndReason::kFinished);
    ended_.count_down();
  }

 private:
  SaidText& text_;
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

void submit(Serving& serving, size_t request, std::vector<int64_t> prompt, int64_t max_new, SaidText& text,
            std::latch& ended) {
  engine::Submission submission;
  submission.prompt = std::move(prompt);
  submission.max_new_tokens = max_new + static_cast<int64_t>(request % 3) * max_new * 2 / 9;
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

}  // namespace

DeterminismRun::DeterminismRun(Setup setup)
    : setup_(std::move(setup)), loaded_(setup_.model, LoadOptions{.task = "causal-lm"}) {}

std::vector<SaidText> DeterminismRun::run(const Regime& regime) {
  EngineSettings settings = regime.settings;
  if (settings.speculation == "draft") settings.draft_model = setup_.draft;
  CompileOptions options = setup_.compile;
  if (options.backend == "cpu") options.num_threads = regime.threads;
  options.num_speculative_tokens = compiled_speculative_tokens(settings);
  for (const auto& given : regime.options) {
    std::erase_if(options.backend_options, [&](const auto& option) { return option.first == given.first; });
    options.backend_options.push_back(given);
  }
  const CompiledModel compiled(loaded_, options);
  Serving serving(compiled, loaded_.facts(), kDeterminismContext, settings,
                  make_draft_session(loaded_, {}, options, kDeterminismContext, settings));
  std::vector<SaidText> texts;
  for (int round = 0; round < regime.rounds; ++round) {
    texts = std::vector<SaidText>(setup_.requests);
    run_round(serving, regime, texts);
  }
  statistics_ = serving.statistics();
  return texts;
}

void DeterminismRun::run_round(Serving& serving, const Regime& regime, std::vector<SaidText>& texts) {
  std::vector<size_t> order(setup_.requests);
  std::iota(order.begin(), order.end(), 0);
  if (regime.order == Order::kBackwards) std::reverse(order.begin(), order.end());
  std::latch all(static_cast<std::ptrdiff_t>(setup_.requests));
  std::vector<engine::RequestId> others;
  for (const size_t request : order) {
    std::vector<int64_t> prompt = prompt_of(request, loaded_.facts().vocab_size);
    if (regime.cancels) others.push_back(submit_other(serving, request));
    if (regime.order == Order::kAlone) {
      std::latch one(1);
      submit(serving, request, std::move(prompt), setup_.new_tokens, texts[request], one);
      one.wait();
      all.count_down();
    } else {
      submit(serving, request, std::move(prompt), setup_.new_tokens, texts[request], all);
    }
    if (others.size() > 2) serving.engine().cancel(others[others.size() - 3]);
  }
  all.wait();
}

engine::RequestId DeterminismRun::submit_other(Serving& serving, size_t request) const {
  return serving.engine().submit({.prompt = prompt_of(request * 3 + 1, loaded_.facts().vocab_size),
                                  .max_new_tokens = 30,
                                  .sink = std::make_shared<IgnoringSink>()});
}

}  // namespace tessera::test
