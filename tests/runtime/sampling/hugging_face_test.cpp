/// Processors and filters against Hugging Face's own (tests/golden/sampling/make_cases.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "runtime/sampling/sampler.hpp"

namespace tessera::sampling {
namespace {

namespace json = boost::json;

struct HuggingFaceCase {
  std::string name;
  SamplingParams params;
  std::vector<int64_t> prompt, generated, end_tokens;
  std::vector<float> logits;
  std::vector<float> scores;  ///< minus infinity: removed
};

std::vector<int64_t> ids(const json::value& array) {
  return json::value_to<std::vector<int64_t>>(array);
}

SamplingParams params_of(const json::object& given) {
  SamplingParams p;
  p.seed = 1;
  for (const auto& [key, value] : given) {
    const auto number = [&v = value] { return v.to_number<double>(); };
    if (key == "temperature")
      p.temperature = number();
    else if (key == "top_k")
      p.top_k = value.as_int64();
    else if (key == "top_p")
      p.top_p = number();
    else if (key == "min_p")
      p.min_p = number();
    else if (key == "typical_p")
      p.typical_p = number();
    else if (key == "repetition_penalty")
      p.repetition_penalty = number();
    else if (key == "no_repeat_ngram_size")
      p.no_repeat_ngram_size = value.as_int64();
    else if (key == "min_tokens")
      p.min_tokens = value.as_int64();
    else if (key == "logit_bias") {
      for (const json::value& pair : value.as_array()) {
        p.logit_bias.emplace_back(pair.at(0).as_int64(), pair.at(1).to_number<float>());
      }
    } else {
      ADD_FAILURE() << "unknown parameter " << key;
    }
  }
  return p;
}

std::vector<HuggingFaceCase> read_cases() {
  std::stringstream text;
  text
      << std::ifstream(std::string(std::getenv("TESSERA_TEST_DATA")) + "/golden/sampling/cases.json").rdbuf();
  const json::value file = json::parse(text.str());
  std::vector<HuggingFaceCase> cases;
  for (const json::value& c : file.at("cases").as_array()) {
    std::vector<float> scores;
    for (const json::value& score : c.at("scores").as_array()) {
      scores.push_back(score.is_null() ? -INFINITY : score.to_number<float>());
    }
    cases.push_back({std::string(c.at("name").as_string()), params_of(c.at("params").as_object()),
                     ids(c.at("prompt")), ids(c.at("generated")), ids(c.at("end_tokens")),
                     json::value_to<std::vector<float>>(file.at("rows").at(c.at("logits").as_int64())),
                     scores});
  }
  return cases;
}

TEST(HuggingFace, KeepsTheSameTokensWithTheSameScores) {
  const std::vector<HuggingFaceCase> cases = read_cases();
  ASSERT_GT(cases.size(), 100U);
  Workspace workspace;
  for (const HuggingFaceCase& c : cases) {
    SCOPED_TRACE(c.name);
    Sampler sampler(c.params, c.prompt, c.end_tokens);
    for (const int64_t token : c.generated) sampler.accept(token);
    std::vector<float> logits = c.logits;
    const Candidates& kept = sampler.candidates(logits, workspace);
    std::vector<int32_t> expected;
    for (size_t i = 0; i < c.scores.size(); ++i) {
      if (c.scores[i] > -INFINITY) expected.push_back(static_cast<int32_t>(i));
    }
    // Which of the equals at its border top-p keeps is torch.sort's chance; how many is not.
    ASSERT_EQ(kept.size(), expected.size());
    if (c.params.top_p == 1) {
      ASSERT_EQ(kept.ids, expected);
    }
    // Ours are relative to the largest logit.
    const float largest = *std::max_element(c.scores.begin(), c.scores.end());
    const float ours = *std::max_element(kept.scores.begin(), kept.scores.end());
    std::vector<float> theirs, kept_scores = kept.scores;
    for (const int32_t id : expected) theirs.push_back(c.scores[static_cast<size_t>(id)]);
    std::sort(theirs.begin(), theirs.end());
    std::sort(kept_scores.begin(), kept_scores.end());
    for (size_t i = 0; i < kept.size(); ++i) {
      const float score = theirs[i];
      EXPECT_NEAR(kept_scores[i] - ours, score - largest, 4e-6F * (1 + std::abs(score) + std::abs(largest)));
    }
  }
}

}  // namespace
}  // namespace tessera::sampling
