// The graph of each Llama checkpoint is valid ONNX with the names, shapes and facts that passes and backends
// rely on.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "models/llama/llama.hpp"
#include "onnx_judge.hpp"
#include "tensor_directory.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::llama {
namespace {

using models::ListeningHost;
using models::TensorDirectory;

graph::Model build(const std::string& name) {
  TensorDirectory directory;
  directory.add_folder(models::model_folder(name));
  const ListeningHost host;
  graph::Model model = build_llama(models::config_text(name), directory.weights(), "causal-lm", host.host());
  EXPECT_TRUE(host.warnings().empty());
  return model;
}

struct Facts {
  const char* name;
  int64_t hidden, layers, kv_heads, head_dim, vocab, max_positions;
  bool rope_length;
};
void PrintTo(const Facts& facts, std::ostream* out) {
  *out << facts.name;
}
class LlamaGraph : public testing::TestWithParam<Facts> {};

TEST_P(LlamaGraph, PassesTheChecker) {
  EXPECT_NO_THROW(graph::check(build(GetParam().name)));
}

TEST_P(LlamaGraph, HasTheShapesThatStrictInferenceFinds) {
  const graph::Model model = build(GetParam().name);
  const auto types = graph::infer_shapes(model);
  const std::string rows = "float[batch,seq,";
  EXPECT_EQ(types.at("logits"), rows + std::to_string(GetParam().vocab) + "]");
  for (int64_t i = 0; i <= GetParam().layers; ++i) {
    EXPECT_EQ(types.at("hidden." + std::to_string(i)), rows + std::to_string(GetParam().hidden) + "]") << i;
  }
  // What the builder declared is all known; were it wrong, strict inference would have thrown.
  for (const graph::ValueInfo& info : model.graph.value_info) {
    ASSERT_TRUE(info.has_shape) << info.name;
    for (const graph::Dimension& dim : info.shape)
      EXPECT_TRUE(dim.value > 0 || !dim.symbol.empty()) << info.name;
  }
}

TEST_P(LlamaGraph, TakesIdsAndPositions) {
  std::vector<std::string> names;
  for (const graph::ValueInfo& input : build(GetParam().name).graph.inputs) {
    EXPECT_EQ(input.dtype, graph::DataType::kInt64);
    names.push_back(input.name);
  }
  std::vector<std::string> expected = {"input_ids", "position_ids"};
  if (GetParam().rope_length) expected.push_back("rope_length");
  EXPECT_EQ(names, expected);
}

TEST_P(LlamaGraph, StatesItsFacts) {
  const graph::Model model = build(GetParam().name);
  EXPECT_EQ(*graph::find_metadata(model, "tessera.task"), "causal-lm");
  EXPECT_EQ(*graph::find_metadata(model, "tessera.architecture"), "llama");
  EXPECT_EQ(graph::metadata_int(model, "tessera.max_positions"), GetParam().max_positions);
  EXPECT_EQ(graph::metadata_int(model, "tessera.vocab_size"), GetParam().vocab);
  EXPECT_EQ(graph::metadata_int(model, "tessera.layers"), GetParam().layers);
  EXPECT_EQ(graph::metadata_int(model, "tessera.kv_heads"), GetParam().kv_heads);
  EXPECT_EQ(graph::metadata_int(model, "tessera.head_dim"), GetParam().head_dim);
  EXPECT_EQ(graph::find_metadata(model, "tessera.window"), nullptr);
  EXPECT_EQ(graph::find_metadata(model, "tessera.rope_length") != nullptr, GetParam().rope_length);
}

TEST_P(LlamaGraph, PointsAtTheCheckpointsOwnBytes) {
  TensorDirectory directory;
  directory.add_folder(models::model_folder(GetParam().name));
  const sdk::Weights weights = directory.weights();
  size_t external = 0;
  for (const graph::Tensor& tensor : build(GetParam().name).graph.initializers) {
    if (!tensor.external) {
      EXPECT_LE(tensor.raw_data.size(), 1024u) << tensor.name;
      continue;
    }
    const sdk::Weight weight = weights.at(tensor.name);
    EXPECT_EQ(tensor.external->location, weight.location());
    EXPECT_EQ(tensor.external->offset, weight.offset());
    EXPECT_EQ(tensor.external->length, weight.length());
    EXPECT_EQ(tensor.dtype, weight.dtype());
    ++external;
  }
  EXPECT_EQ(external, weights.size()) << "every tensor is used, and once";
}

TEST_P(LlamaGraph, IsTheSameBytesEveryTime) {
  EXPECT_TRUE(graph::write_model(build(GetParam().name)) == graph::write_model(build(GetParam().name)));
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, LlamaGraph,
                         testing::Values(Facts{"llama-stories260k", 64, 5, 4, 8, 512, 512, false},
                                         Facts{"llama3-tiny", 128, 4, 4, 16, 768, 512, false},
                                         Facts{"rope-linear", 64, 2, 2, 16, 320, 256, false},
                                         Facts{"rope-dynamic", 64, 2, 2, 16, 320, 256, true},
                                         Facts{"rope-yarn", 64, 2, 2, 24, 320, 256, false},
                                         Facts{"rope-longrope", 64, 2, 2, 16, 320, 256, true}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(LlamaGraphNames, AreThePathsOfTheCheckpoint) {
  std::set<std::string> names;
  for (const graph::Node& node : build("llama-stories260k").graph.nodes) {
    EXPECT_TRUE(names.insert(node.name).second) << "twice: " << node.name;
    EXPECT_EQ(node.doc_string, "plugin=llama") << node.name;
  }
  for (const char* name :
       {"embed_tokens", "rotary_emb/table", "layers.4/input_layernorm", "layers.4/self_attn/q_proj",
        "layers.4/self_attn/attention", "layers.4/mlp/down_proj", "norm", "lm_head"}) {
    EXPECT_EQ(names.count(name), 1u) << name;
  }
}

TEST(LlamaGraphHead, IsTheEmbeddingWhenTied) {
  const graph::Model model = build("llama-stories260k");
  const graph::Node& head = model.graph.nodes.back();
  EXPECT_EQ(head.op_type, "Linear");
  EXPECT_EQ(head.inputs, (std::vector<std::string>{"hidden.5", "model.embed_tokens.weight"}));
  EXPECT_EQ(head.outputs, std::vector<std::string>{"logits"});
}

TEST(LlamaGraphBias, AddsTheBiasesThatTheConfigAsksFor) {
  std::map<std::string, int> ops;
  for (const graph::Node& node : build("rope-linear").graph.nodes) ++ops[node.op_type];
  EXPECT_EQ(ops["LinearBias"], 2 * 7);
  EXPECT_EQ(ops["Linear"], 1) << "the head has none";
}

}  // namespace
}  // namespace tessera::llama
