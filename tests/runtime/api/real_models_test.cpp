/// Real models against their goldens, where they are: the environment variable TESSERA_REAL_MODELS names a
/// folder with all-minilm-l6-v2 and smollm2-135m-instruct as Hugging Face has them. Without it these tests
/// say so and are skipped.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/checkpoint/safetensors.hpp"
#include "tessera/model.hpp"
#include "tessera/sentence_transformer.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

fs::path golden_folder(const std::string& model) {
  return fs::path(std::getenv("TESSERA_TEST_DATA")) / "golden" / model;
}

json::array read_cases(const std::string& model) {
  std::stringstream text;
  text << std::ifstream(golden_folder(model) / "cases.json").rdbuf();
  return json::parse(text.str()).as_array();
}

std::vector<int64_t> ids(const json::value& array) {
  return json::value_to<std::vector<int64_t>>(array);
}

class RealModelGolden : public testing::Test {
 protected:
  /// The model's folder; empty, and the test is skipped, where it is not there.
  static fs::path find(const std::string& name) {
    const char* models = std::getenv("TESSERA_REAL_MODELS");
    const fs::path folder = fs::path(models == nullptr ? "" : models) / name;
    return models != nullptr && fs::exists(folder) ? folder : fs::path();
  }
};

TEST_F(RealModelGolden, MiniLMGivesTheEmbeddingsOfSentenceTransformers) {
  const std::string name = "all-minilm-l6-v2";
  const fs::path folder = find(name);
  if (folder.empty()) GTEST_SKIP() << "TESSERA_REAL_MODELS names no folder with " << name;
  SentenceTransformer model = SentenceTransformer::from_pretrained(folder.string());
  std::vector<TextInput> texts;
  for (const json::value& c : read_cases(name)) texts.emplace_back(std::string(c.at("text").as_string()));
  const std::vector<std::vector<float>> embeddings = model.encode(texts);
  const SafetensorsFile golden = SafetensorsFile::open(golden_folder(name) / "embeddings.safetensors");
  const std::vector<float> expected = golden.floats("embeddings"), cosine = golden.floats("cosine");
  double largest = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    for (size_t d = 0; d < embeddings[i].size(); ++d)
      largest = std::max(largest, std::abs(double{embeddings[i][d]} - expected.at(i * 384 + d)));
    for (size_t j = 0; j < texts.size(); ++j)
      EXPECT_NEAR(model.similarity(embeddings[i], embeddings[j]), cosine[i * texts.size() + j], 2e-6);
  }
  std::printf("largest difference: %.2e\n", largest);
  EXPECT_LE(largest, 2e-6);
}

TEST_F(RealModelGolden, SmolLM2GivesTheLogitsAndTheTextOfHuggingFace) {
  const std::string name = "smollm2-135m-instruct";
  const fs::path folder = find(name);
  if (folder.empty()) GTEST_SKIP() << "TESSERA_REAL_MODELS names no folder with " << name;
  AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(folder.string());
  double largest = 0;
  for (const json::value& c : read_cases(name)) {
    SCOPED_TRACE(std::string(c.at("name").as_string()));
    const std::vector<int64_t> prompt = ids(c.at("input_ids"));
    const NamedTensor logits = model.logits(Prompt(prompt)).front();
    const auto range = c.at("noise").at("range").to_number<double>();
    for (size_t row = 0; row < prompt.size(); ++row) {
      const float* at = logits.data.data() + row * static_cast<size_t>(logits.dims[1]);
      EXPECT_EQ(std::max_element(at, at + logits.dims[1]) - at, c.at("argmax").at(row).as_int64());
      const json::array& top = c.at("top_ids").at(row).as_array();
      for (size_t k = 0; k < top.size(); ++k) {
        const auto expected = c.at("top_logits").at(row).at(k).to_number<double>();
        largest = std::max(largest, std::abs(at[top[k].as_int64()] - expected) / range);
      }
    }
    const GenerateResult greedy = model.generate(Prompt(prompt), {.max_new_tokens = 64, .ignore_eos = true});
    EXPECT_EQ(greedy.tokens, ids(c.at("continuation_ids")));
  }
  std::printf("largest difference: %.2e of the range\n", largest);
  EXPECT_LE(largest, 2e-5);
}

}  // namespace
}  // namespace tessera::test
