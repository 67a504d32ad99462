// GPT-2's graph is valid ONNX; what its folder may lack or have too much; what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "models/gpt2/gpt2.hpp"
#include "onnx_judge.hpp"
#include "tensor_directory.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::gpt2 {
namespace {

using models::ListeningHost;
using models::TensorDirectory;
using testing::HasSubstr;

graph::Model build(TensorDirectory& directory, const std::string& config) {
  const ListeningHost host;
  return build_gpt2(config, directory.weights(), "causal-lm", host.host());
}

std::string config_with(const std::string& more) {
  return R"({"vocab_size": 10, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 6)" + more + "}";
}

TEST(Gpt2Graph, IsValidAndOfTheDeclaredShapes) {
  TensorDirectory directory;
  directory.add_folder(models::model_folder("gpt2-tiny"));
  const graph::Model model = build(directory, models::config_text("gpt2-tiny"));
  EXPECT_NO_THROW(graph::check(model));
  const auto types = graph::infer_shapes(model);
  EXPECT_EQ(types.at("logits"), "float[batch,seq,768]");
  for (int i = 0; i <= 3; ++i) EXPECT_EQ(types.at("hidden." + std::to_string(i)), "float[batch,seq,128]");
}

TEST(Gpt2Config, RefusesWhatCannotBe) {
  const std::pair<const char*, const char*> broken[] = {
      {R"(, "n_head": 3)", "n_head"},
      {R"(, "n_positions": 0)", "n_positions"},
      {R"(, "layer_norm_epsilon": -1)", "layer_norm_epsilon"},
      {R"(, "activation_function": "sine")", "sine"},
      {R"(, "n_inner": "wide")", "n_inner"},
  };
  for (const auto& [more, named] : broken) {
    try {
      read_config(blocks::Config::parse(config_with(more)));
      FAIL() << more;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(named));
    }
  }
}

TEST(Gpt2Folder, ListsAllTensorsThatDoNotFit) {
  TensorDirectory directory;
  directory.add_folder(models::model_folder("gpt2-tiny"));
  directory.remove("transformer.h.1.ln_1.weight");
  directory.add("transformer.h.9.ln_1.weight", graph::DataType::kFloat, {128});
  directory.add("transformer.h.0.attn.bias", graph::DataType::kUint8, {1, 1, 256, 256});
  directory.add("transformer.h.0.attn.masked_bias", graph::DataType::kFloat, {});
  try {
    build(directory, models::config_text("gpt2-tiny"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("transformer.h.1.ln_1.weight"));
    EXPECT_THAT(error.what(), HasSubstr("transformer.h.9.ln_1.weight"));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("attn.bias")));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("masked_bias")));
  }
}

}  // namespace
}  // namespace tessera::gpt2
