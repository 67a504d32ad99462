/// Speculation through the public API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tessera/model.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/runtime/api/golden_cases.hpp"

namespace tessera::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

AutoModelForCausalLM model(const char* name) {
  return AutoModelForCausalLM::from_pretrained(model_folder(name).string());
}

EngineSettings draft_with(const char* name) {
  return {.speculation = "draft", .draft_model = model_folder(name).string()};
}

const std::string kRepeats = "a b c d e f g h a b c d e f g h a b c d e f g h";

TEST(Speculation, ChangesNoTextAndCountsWhatItDid) {
  AutoModelForCausalLM target = model("rope-yarn");
  for (const bool sampled : {false, true}) {
    GenerateOptions options{.max_new_tokens = 60, .ignore_eos = true};
    options.sampling = sampling::SamplingParams{.repetition_penalty = 1.1, .logprobs = 2};
    if (sampled) options.sampling->temperature = 0.7, options.sampling->seed = 11;
    target.set_engine({});
    const GenerateResult plain = target.generate(kRepeats, options);
    EXPECT_EQ(plain.metrics.speculation.drafts, 0U);
    for (const EngineSettings& settings : {EngineSettings{.speculation = "prompt-lookup"},
                                           draft_with("rope-linear"), draft_with("rope-yarn")}) {
      target.set_engine(settings);
      const GenerateResult result = target.generate(kRepeats, options);
      EXPECT_EQ(result.tokens, plain.tokens);
      EXPECT_EQ(result.text, plain.text);
      ASSERT_EQ(result.logprobs.size(), plain.logprobs.size());
      for (size_t i = 0; i < plain.logprobs.size(); ++i)
        EXPECT_EQ(result.logprobs[i].chosen.logprob, plain.logprobs[i].chosen.logprob);
      const speculation::Counters& counters = result.metrics.speculation;
      const EngineStatistics statistics = target.engine_statistics();
      EXPECT_EQ(statistics.speculation.draft_tokens, counters.draft_tokens);
      EXPECT_EQ(statistics.speculation_error, "");
      if (settings.draft_model == target.info().folder) {
        EXPECT_GT(counters.drafts, 0U);
        EXPECT_EQ(counters.accepted_tokens, counters.draft_tokens);  // the same model, noise and history
      }
    }
  }
}

TEST(Speculation, EndsWhereThePlainTextEnds) {
  AutoModelForCausalLM target = model("llama-stories260k");
  GenerateOptions options{.max_new_tokens = 100};
  const std::string plain = target.generate("Once upon a time", options).text;
  options.stop = {plain.substr(60, 7)};
  const GenerateResult stopped = target.generate("Once upon a time", options);
  target.set_engine(draft_with("llama-stories260k"));
  const GenerateResult result = target.generate("Once upon a time", options);
  EXPECT_EQ(result.text, stopped.text);
  EXPECT_EQ(result.tokens, stopped.tokens);
  EXPECT_EQ(result.finish_reason, FinishReason::kStop);
  EXPECT_GT(result.metrics.speculation.accepted_tokens, 0U);
}

TEST(Speculation, SaysWhatIsWrongWithADraftModel) {
  AutoModelForCausalLM target = model("rope-yarn");
  const auto generate_with = [&](const EngineSettings& settings) {
    target.set_engine(settings);
    return [&] { target.generate("a", {.max_new_tokens = 2}); };
  };
  EXPECT_THAT(generate_with({.speculation = "draft", .draft_model = "/no/such/folder"}),
              ThrowsMessage<Error>(HasSubstr("no such folder")));
  EXPECT_THAT(generate_with({.speculation = "draft"}),
              ThrowsMessage<Error>(HasSubstr("needs a draft model")));
  EXPECT_THAT(generate_with({.draft_model = "x"}),
              ThrowsMessage<Error>(HasSubstr("speculation is not 'draft'")));
  EXPECT_THAT(generate_with(draft_with("llama3-tiny")), ThrowsMessage<Error>(HasSubstr("another tokenizer")));
  EXPECT_THAT(generate_with({.speculation = "medusa"}),
              ThrowsMessage<Error>(HasSubstr("unknown speculation 'medusa'")));
  EXPECT_THAT(generate_with({.speculation = "prompt-lookup", .num_speculative_tokens = {4, 2}}),
              ThrowsMessage<Error>(HasSubstr("not ascending")));
  EXPECT_THAT(generate_with({.speculation = "prompt-lookup", .num_speculative_tokens = {0}}),
              testing::Throws<Error>());
  target.set_engine({});
  EXPECT_EQ(target.generate("a", {.max_new_tokens = 2}).tokens.size(), 2U);
}

}  // namespace
}  // namespace tessera::test
