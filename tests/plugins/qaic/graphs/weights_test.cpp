/// Passes that change weights: the graphs compute what they shall, and exports of them are the same graphs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "core/graph/external_data.hpp"
#include "tessera/onnx_model.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/metadata.hpp"
#include "tessera/sdk/weight_nodes.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/core/graph/test_graph.hpp"
#include "tests/plugins/qaic/graphs/card.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::qaic {
namespace {

using graph::testing_graph::error_of;

std::vector<int64_t> range(int64_t count) {
  std::vector<int64_t> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(i);
  return values;
}

/// Logits of the last position of `ids` after one prefill.
std::vector<float> prefill(LoadedModel& model, const graph::Model& graph, const std::vector<int64_t>& ids) {
  Card card(model, graph, 1, 64);
  return card.run({{{ids, range(static_cast<int64_t>(ids.size())), 0}}})[0];
}

std::vector<float> last_row(const std::vector<float>& logits, const LoadedModel& model) {
  return {logits.end() - model.facts().vocab_size, logits.end()};
}

float distance(const std::vector<float>& a, const std::vector<float>& b) {
  float worst = a.size() == b.size() ? 0 : INFINITY, largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    worst = std::max(worst, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return worst / largest;
}

size_t weight_nodes(const graph::Model& model) {
  return static_cast<size_t>(
      std::count_if(model.graph.nodes.begin(), model.graph.nodes.end(),
                    [](const graph::Node& node) { return graph::is_weight_node(node); }));
}

/// Every weight of llama3-tiny is bfloat16, which float32 holds exactly.
TEST(WeightTypes, Float32ChangesNoBit) {
  LoadedModel& model = tiny_model("llama3-tiny");
  const std::vector<int64_t> ids = sample_ids(20);
  const graph::Model as_stored = graph_after(model, decoder_passes({}));
  const graph::Model wide = graph_after(model, decoder_passes({.weights = WeightType::kFloat32}));
  EXPECT_GT(weight_nodes(wide), 0u);
  EXPECT_EQ(prefill(model, wide, ids), prefill(model, as_stored, ids));
}

TEST(WeightTypes, Float16KeepsWhatItHolds) {
  LoadedModel& model = tiny_model("llama3-tiny");
  const std::vector<int64_t> ids = sample_ids(20);
  const graph::Model half = graph_after(model, decoder_passes({.weights = WeightType::kFloat16}));
  // Only weights below float16's normal range lose bits.
  EXPECT_LE(distance(prefill(model, half, ids), last_row(pure_logits(model, ids), model)), 1e-4f);
}

TEST(WeightTypes, OtherTypesAndPlacesAreRefused) {
  LoadedModel& model = tiny_model("llama3-tiny");
  EXPECT_EQ(error_of([&] {
              graph_after(model, {{"fp16", {{"to", "bfloat16"}}}});
            }).message(),
            "fp16: weights do not become bfloat16");
  EXPECT_EQ(error_of([&] {
              graph_after(model, {{"fp16", {{"from", "int8"}}}});
            }).message(),
            "fp16: 'int8' is no floating type");
  EXPECT_EQ(error_of([&] {
              graph_after(model, {{"fp16", {{"from", "float16"}}}});
            }).message(),
            "fp16: 'from' and 'to' are the same type");
  const Error late = error_of([&] { graph_after(model, {{"inline-functions", {}}, {"fp16", {}}}); });
  EXPECT_EQ(late.code(), ErrorCode::kNotSupported);
  EXPECT_NE(late.message().find("'Gather' takes the weight 'model.embed_tokens.weight' in its own type"),
            std::string::npos)
      << late.message();
}

class KvHeads : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, KvHeads, testing::Values("llama3-tiny", "mistral-tiny"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(KvHeads, RepeatedHeadsComputeTheSame) {
  LoadedModel& model = tiny_model(GetParam());
  const std::vector<int64_t> ids = sample_ids(20);
  const graph::Model plain = graph_after(model, decoder_passes({}));
  const graph::Model repeated = graph_after(model, decoder_passes({.kv_head_copies = 2}));
  const graph::ValueInfo *before = graph::find_value(plain.graph, "past_key.0"),
                         *after = graph::find_value(repeated.graph, "past_key.0");
  EXPECT_EQ(after->shape[1].value, 2 * before->shape[1].value);
  EXPECT_EQ(graph::metadata_int(repeated, graph::metadata::kKvHeads), after->shape[1].value);
  EXPECT_LE(distance(prefill(model, repeated, ids), prefill(model, plain, ids)), 1e-6f);
}

TEST_P(KvHeads, AreRepeatedInAnyOrderWithTheirType) {
  LoadedModel& model = tiny_model(GetParam());
  const std::vector<int64_t> ids = sample_ids(20);
  std::vector<GraphPass> passes = decoder_passes({.kv_head_copies = 2, .weights = WeightType::kFloat32});
  const graph::Model one = graph_after(model, passes);
  std::swap(passes[0], passes[1]);
  EXPECT_EQ(prefill(model, graph_after(model, passes), ids), prefill(model, one, ids));
}

TEST(KvHeadsRefusal, NamesWhatIsInTheWay) {
  const std::vector<GraphPass> twice = {{"kv-heads-replicate", {{"copies", "2"}}}};
  const Error fused = error_of([&] { graph_after(tiny_model("gpt2-tiny"), twice); });
  EXPECT_NE(fused.message().find("copies of"), std::string::npos) << fused.message();
  const Error three = error_of([&] {
    graph_after(tiny_model("llama3-tiny"), {{"kv-heads-replicate", {{"copies", "3"}}}});
  });
  EXPECT_EQ(three.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(three.key_name(), "copies");
  EXPECT_EQ(error_of([&] {
              graph_after(tiny_model("llama3-tiny"), {{"qaic-kv-cache", {}}, {"kv-heads-replicate", {}}});
            }).message(),
            "kv-heads-replicate: the graph has a cache already");
  EXPECT_EQ(error_of([&] { graph_after(tiny_model("bert-tiny-embed"), twice); }).message(),
            "kv-heads-replicate: the graph has no attention with key heads");
}

/// BERT's mask is the smallest float32.
TEST(Fp16Clip, BringsMasksIntoRange) {
  LoadedModel& model = tiny_model("bert-tiny-embed");
  const graph::Model clipped = graph_after(model, encoder_passes({.fp16 = true}));
  size_t changed = 0;
  for (const graph::Node& node : clipped.graph.nodes) {
    const graph::Provenance made = graph::read_provenance(node.doc_string);
    changed += std::count(made.passes.begin(), made.passes.end(), "fp16-clip") > 0 ? 1 : 0;
    for (const graph::Attribute& attribute : node.attributes) {
      for (const graph::Tensor& tensor : attribute.tensors) {
        if (tensor.dtype != graph::DataType::kFloat) continue;
        for (size_t at = 0; at < tensor.raw_data.size(); at += sizeof(float)) {
          float value = 0;
          std::memcpy(&value, tensor.raw_data.data() + at, sizeof value);
          EXPECT_TRUE(std::isinf(value) || std::abs(value) <= 65504) << node.name;
        }
      }
    }
  }
  EXPECT_GT(changed, 0u);
  EXPECT_EQ(weight_nodes(clipped), 0u) << "no weight leaves the range";
}

/// The folder that an export wrote, run as any ONNX file is.
class Exports : public testing::Test {
 protected:
  /// Logits of the last position after one prefill of empty states.
  std::vector<float> run(LoadedModel& model, const graph::Model& graph, const std::vector<int64_t>& ids) {
    folder_.emplace();
    report_ = graph::export_model(graph::write_model(graph), *folder_ / "out",
                                  graph::real_paths_in(model.info().folder), graph::WeightsMode::kLink);
    std::vector<OnnxTensor> inputs;
    for (const graph::ValueInfo& input : graph.graph.inputs) inputs.push_back(given(input, ids));
    const std::vector<OnnxTensor> outputs =
        OnnxModel::load((*folder_ / "out/model.onnx").string()).run(inputs, {.outputs = {"logits"}});
    std::vector<float> logits(outputs[0].data.size() / sizeof(float));
    std::memcpy(logits.data(), outputs[0].data.data(), outputs[0].data.size());
    return logits;
  }

  static OnnxTensor given(const graph::ValueInfo& input, const std::vector<int64_t>& ids) {
    const auto count = static_cast<int64_t>(ids.size());
    if (input.shape.size() == 4) {
      const std::vector<int64_t> dims = {1, input.shape[1].value, 64, input.shape[3].value};
      return {input.name, "F32", dims,
              std::vector<std::byte>(4 * static_cast<size_t>(dims[1] * 64 * dims[3]))};
    }
    const std::vector<int64_t> values = input.name == "input_ids" ? ids : range(count);
    const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
    return {input.name, "I64", {1, count}, std::vector<std::byte>(bytes, bytes + 8 * values.size())};
  }

  std::optional<test::TemporaryFolder> folder_;
  graph::ExportReport report_;
};

TEST_F(Exports, OfChangedWeightsComputeTheSame) {
  LoadedModel& model = tiny_model("llama3-tiny");
  const std::vector<int64_t> ids = sample_ids(20);
  const graph::Model graph = graph_after(
      model, decoder_passes({.guard_indices = true, .kv_head_copies = 2, .weights = WeightType::kFloat16}));
  const std::vector<float> expected = prefill(model, graph, ids);
  EXPECT_LE(distance(run(model, graph, ids), expected), 1e-6f);
  ASSERT_EQ(report_.weights.size(), 1u) << "all weights were bfloat16";
  EXPECT_TRUE(report_.weights[0].made);
}

TEST_F(Exports, OfSplitTensorsComputeTheSame) {
  LoadedModel& model = tiny_model("mistral-tiny");
  const std::vector<int64_t> ids = sample_ids(20);
  std::vector<GraphPass> passes = decoder_passes({.guard_indices = true});
  passes.push_back({"split-tensors", {{"file-bytes", "1000000"}}});
  const graph::Model graph = graph_after(model, passes);
  EXPECT_LE(distance(run(model, graph, ids), prefill(model, graph_after(model, decoder_passes({})), ids)),
            1e-6f);
  EXPECT_GE(report_.weights.size(), 4u);
}

TEST(SplitTensors, RefusesSizesThatDoNotFit) {
  LoadedModel& model = tiny_model("mistral-tiny");
  EXPECT_EQ(error_of([&] {
              graph_after(model, {{"split-tensors", {{"tensor-bytes", "0"}}}});
            }).key_name(),
            "tensor-bytes");
  EXPECT_EQ(error_of([&] {
              graph_after(model, {{"split-tensors", {{"file-bytes", "10"}}}});
            }).message(),
            "split-tensors: files of 10 bytes for tensors of 1024");
}

}  // namespace
}  // namespace tessera::qaic
