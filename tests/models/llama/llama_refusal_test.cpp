// What a folder may lack, what it may have too much, and what is refused in words that say what to do.
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "models/llama/llama.hpp"
#include "tensor_directory.hpp"

namespace tessera::llama {
namespace {

using graph::DataType;
using models::ListeningHost;
using models::TensorDirectory;

// A Llama of one layer: hidden 8, 2 heads and 1 KV head of 4, inner 6, vocabulary 10.
std::string config(const std::string& more = {}) {
  return R"({"model_type": "llama", "vocab_size": 10, "hidden_size": 8, "num_hidden_layers": 1,
             "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 6)" +
         more + "}";
}

void fill(TensorDirectory& directory, const std::string& prefix = "model.") {
  const auto add = [&](const std::string& name, std::vector<int64_t> dims) {
    directory.add(prefix + name, DataType::kFloat, std::move(dims));
  };
  add("embed_tokens.weight", {10, 8});
  add("norm.weight", {8});
  const std::string layer = "layers.0.";
  add(layer + "input_layernorm.weight", {8});
  add(layer + "post_attention_layernorm.weight", {8});
  add(layer + "self_attn.q_proj.weight", {8, 8});
  add(layer + "self_attn.k_proj.weight", {4, 8});
  add(layer + "self_attn.v_proj.weight", {4, 8});
  add(layer + "self_attn.o_proj.weight", {8, 8});
  add(layer + "mlp.gate_proj.weight", {6, 8});
  add(layer + "mlp.up_proj.weight", {6, 8});
  add(layer + "mlp.down_proj.weight", {8, 6});
  directory.add("lm_head.weight", DataType::kFloat, {10, 8});
}

struct Built {
  graph::Model model;
  std::vector<std::string> warnings;
  std::string head() const { return model.graph.nodes.back().inputs.at(1); }
};
Built build(TensorDirectory& directory, const std::string& config, const std::string& task = "causal-lm") {
  const ListeningHost host;
  Built built;
  built.model = build_llama(config, directory.weights(), task, host.host());
  built.warnings = host.warnings();
  return built;
}

TEST(LlamaFolder, NeedsNoArchitecturesKey) {
  TensorDirectory directory;
  fill(directory);
  for (const char* more : {"", R"(, "architectures": null)", R"(, "architectures": ["LlamaModel"])"}) {
    for (const char* task : {"", "causal-lm"}) EXPECT_NO_THROW(build(directory, config(more), task)) << more;
  }
}

TEST(LlamaFolder, MayComeFromTheBaseClass) {
  TensorDirectory directory;
  fill(directory, "");
  directory.remove("lm_head.weight");
  const Built built =
      build(directory, config(R"(, "tie_word_embeddings": true, "architectures": ["LlamaModel"])"));
  EXPECT_EQ(built.head(), "embed_tokens.weight");
}

TEST(LlamaFolder, MayHoldTheBuffersOfOldVersions) {
  TensorDirectory directory;
  fill(directory);
  directory.add("model.layers.0.self_attn.rotary_emb.inv_freq", DataType::kFloat, {2});
  EXPECT_NO_THROW(build(directory, config()));
}

TEST(LlamaFolder, MayMixWeightDtypes) {
  TensorDirectory directory;
  fill(directory);
  directory.add("model.norm.weight", DataType::kFloat16, {8});
  directory.add("lm_head.weight", DataType::kBfloat16, {10, 8});
  EXPECT_NO_THROW(build(directory, config(R"(, "torch_dtype": "float32")")));
}

TEST(LlamaHead, IsTheStoredOneWithAWarningWhenTheConfigTiesIt) {
  TensorDirectory directory;
  fill(directory);
  const Built built = build(directory, config(R"(, "tie_word_embeddings": true)"));
  EXPECT_EQ(built.head(), "lm_head.weight");
  ASSERT_EQ(built.warnings.size(), 1u);
  EXPECT_EQ(
      built.warnings[0],
      "config.json says tie_word_embeddings, but the checkpoint has lm_head.weight: using lm_head.weight");
}

struct Refusal {
  const char* name;
  std::function<void(TensorDirectory&)> change;
  std::string more;  // of config.json
  const char* task;
  ErrorCode code;
  std::string message;
};
void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.name;
}
class LlamaRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(LlamaRefusal, SaysWhatDoesNotFit) {
  TensorDirectory directory;
  fill(directory);
  GetParam().change(directory);
  try {
    build(directory, config(GetParam().more), GetParam().task);
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), GetParam().code);
    EXPECT_EQ(error.message(), GetParam().message);
    EXPECT_FALSE(error.key_name().empty() && error.file_name().empty() && error.remedy_text().empty());
  }
}

void nothing(TensorDirectory&) {}

INSTANTIATE_TEST_SUITE_P(
    Tensors, LlamaRefusal,
    testing::Values(
        Refusal{"MissingHead", [](TensorDirectory& d) { d.remove("lm_head.weight"); }, "", "",
                ErrorCode::kInvalidArgument,
                "1 tensor does not fit config.json:\n"
                "  'lm_head.weight' is missing, expected [10, 8] (vocab_size, hidden_size; "
                "tie_word_embeddings is false)"},
        Refusal{"WrongShape",
                [](TensorDirectory& d) {
                  d.add("model.layers.0.self_attn.k_proj.weight", DataType::kFloat, {8, 8});
                },
                "", "", ErrorCode::kInvalidArgument,
                "1 tensor does not fit config.json:\n"
                "  'model.layers.0.self_attn.k_proj.weight' has shape [8, 8], expected [4, 8] "
                "(num_key_value_heads, head_dim, hidden_size)"},
        Refusal{"WrongDtype", [](TensorDirectory& d) { d.add("model.norm.weight", DataType::kInt64, {8}); },
                "", "", ErrorCode::kInvalidArgument,
                "1 tensor does not fit config.json:\n"
                "  'model.norm.weight' has dtype int64, expected float, float16 or bfloat16"},
        Refusal{
            "AllAtOnce",
            [](TensorDirectory& d) {
              d.remove("model.norm.weight");
              d.add("model.embed_tokens.weight", DataType::kFloat, {12, 8});
              d.add("model.layers.1.mlp.up_proj.weight", DataType::kFloat, {6, 8});
            },
            "", "", ErrorCode::kInvalidArgument,
            "3 tensors do not fit config.json:\n"
            "  'model.embed_tokens.weight' has shape [12, 8], expected [10, 8] (vocab_size, hidden_size)\n"
            "  'model.norm.weight' is missing, expected [8] (hidden_size)\n"
            "  'model.layers.1.mlp.up_proj.weight' is not part of this model"},
        Refusal{
            "BiasNotStored", nothing, R"(, "mlp_bias": true)", "", ErrorCode::kInvalidArgument,
            "3 tensors do not fit config.json:\n"
            "  'model.layers.0.mlp.gate_proj.bias' is missing, expected [6] (intermediate_size, "
            "hidden_size)\n"
            "  'model.layers.0.mlp.up_proj.bias' is missing, expected [6] (intermediate_size, hidden_size)\n"
            "  'model.layers.0.mlp.down_proj.bias' is missing, expected [8] (hidden_size, "
            "intermediate_size)"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Config, LlamaRefusal,
    testing::Values(
        Refusal{"OtherTask", nothing, "", "fill-mask", ErrorCode::kNotSupported,
                "task 'fill-mask' is not implemented for this architecture"},
        Refusal{"OtherClass", nothing, R"(, "architectures": ["LlamaForTokenClassification"])", "",
                ErrorCode::kNotSupported,
                "'architectures' is 'LlamaForTokenClassification', which is not implemented"},
        Refusal{
            "Quantized", nothing, R"(, "quantization_config": {"quant_method": "awq"})", "",
            ErrorCode::kNotSupported,
            "'quantization_config' says that the weights are quantized ('awq'), which is not implemented"},
        Refusal{"OtherActivation", nothing, R"(, "hidden_act": "relu2")", "", ErrorCode::kNotSupported,
                "'hidden_act' is 'relu2', which is not implemented"},
        Refusal{"MoreLayersThanTensors", nothing, R"(, "num_hidden_layers": 9999999)", "",
                ErrorCode::kInvalidArgument,
                "'num_hidden_layers' is 9999999, but the checkpoint has only 12 tensors"},
        Refusal{"HeadsThatDoNotDivide", nothing, R"(, "num_key_value_heads": 3)", "", ErrorCode::kCorruptData,
                "'num_key_value_heads' is 3, which does not divide num_attention_heads, 2"},
        Refusal{"HiddenThatHeadsDoNotDivide", nothing, R"(, "num_attention_heads": 3)", "",
                ErrorCode::kCorruptData,
                "'num_attention_heads' is 3, which does not divide hidden_size, 8, and there is no head_dim"},
        Refusal{"OddHeadDim", nothing, R"(, "head_dim": 5)", "", ErrorCode::kNotSupported,
                "'head_dim' is 5; rotary positions need an even one"},
        Refusal{"NegativeEpsilon", nothing, R"(, "rms_norm_eps": -1e-5)", "", ErrorCode::kCorruptData,
                "'rms_norm_eps' is -1e-05, expected a number > 0"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tessera::llama
