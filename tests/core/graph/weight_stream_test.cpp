/// Weight nodes: what an export writes in their place.
#include "core/graph/weight_stream.hpp"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "core/graph/external_data.hpp"
#include "core/graph/float_formats.hpp"
#include "core/graph/side_files.hpp"
#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/tensor.hpp"
#include "tessera/sdk/weight_nodes.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/core/graph/test_graph.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::graph {
namespace {

using namespace testing_graph;  // NOLINT: the vocabulary of these tests

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

std::vector<uint16_t> halves(const std::vector<float>& values) {
  std::vector<uint16_t> result(values.size());
  from_floats(DataType::kFloat16, values.data(), values.size(), reinterpret_cast<char*>(result.data()));
  return result;
}

TEST(FloatFormats, HalvesRoundToNearestEven) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(halves({0.0f, -0.0f, 1.0f, 65504.0f, 65519.9f, 65520.0f, 1e30f, -infinity, 0x1p-24f, 0x1p-25f,
                    0x1.8p-25f, 0x1.002p0f, 0x1.006p0f, 0x1.ffcp-15f, 6.1e-5f}),
            (std::vector<uint16_t>{0x0000, 0x8000, 0x3c00, 0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00, 0x0001,
                                   0x0000, 0x0001, 0x3c00, 0x3c02, 0x0400, 0x03ff}));
  EXPECT_EQ(halves({std::nanf("")})[0] & 0x7fff, 0x7e00);
}

TEST(FloatFormats, EveryHalfSurvivesTheWayToFloatAndBack) {
  std::vector<uint16_t> all(1 << 16), back(1 << 16);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  std::vector<float> values(all.size());
  to_floats(DataType::kFloat16, reinterpret_cast<const char*>(all.data()), all.size(), values.data());
  from_floats(DataType::kFloat16, values.data(), values.size(), reinterpret_cast<char*>(back.data()));
  for (size_t i = 0; i < all.size(); ++i) {
    if ((i & 0x7fff) > 0x7c00) continue;  // no numbers
    ASSERT_EQ(back[i], all[i]) << i;
  }
}

Tensor weight(const char* name, DataType dtype, std::vector<int64_t> dims, const char* location,
              uint64_t offset) {
  Tensor tensor;
  tensor.name = name;
  tensor.dtype = dtype;
  uint64_t bytes = element_size(dtype);
  for (const int64_t dim : dims) bytes *= static_cast<uint64_t>(dim);
  tensor.dims = std::move(dims);
  tensor.external = std::make_unique<ExternalData>(ExternalData{location, offset, bytes});
  return tensor;
}

Node weight_node(const char* step, const char* op, Names inputs, const char* output,
                 std::vector<Attribute> attributes) {
  return node(weight_node_name("w", step), op, std::move(inputs), {output}, std::move(attributes));
}

/// A model folder with w, bfloat16 [3, 2] = 1 2 | 3 1e30 | 5 6, and other, float [1] = 7, in one file, and
/// alone, float [1] = 8, in another; the graph reads float16(clip(float(w[2, 0, 0]))).
class Stream : public testing::Test {
 protected:
  Stream() {
    const std::vector<float> w = {1, 2, 3, 1e30f, 5, 6};
    std::string bytes(12, '\0');
    from_floats(DataType::kBfloat16, w.data(), w.size(), bytes.data());
    folder_.write("model/a.bin", "x" + bytes + bytes_of<float>({7}));
    folder_.write("model/b.bin", bytes_of<float>({8}));
  }

  static Model graph() {
    Model m = model({type("x", DataType::kFloat16, {"3", "2"})},
                    {weight_node("heads", "Gather", {"w", "rows"}, "w/heads", {int_attribute("axis", 0)}),
                     weight_node("float", "Cast", {"w/heads"}, "w/float", {int_attribute("to", 1)}),
                     weight_node("clip", "Clip", {"w/float", "low", "high"}, "w/clip", {}),
                     weight_node("cast", "Cast", {"w/clip"}, "w/cast", {int_attribute("to", 10)}),
                     node("n", "Add", {"x", "w/cast"}, {"y"}), node("m", "Add", {"other", "alone"}, {"z"})},
                    {type("y", DataType::kFloat16, {"3", "2"}), type("z", DataType::kFloat, {"1"})});
    m.graph.initializers.push_back(weight("w", DataType::kBfloat16, {3, 2}, "a.bin", 1));
    m.graph.initializers.push_back(weight("other", DataType::kFloat, {1}, "a.bin", 13));
    m.graph.initializers.push_back(weight("alone", DataType::kFloat, {1}, "b.bin", 0));
    m.graph.initializers.push_back(int64_tensor("rows", {3}, {2, 0, 0}));
    m.graph.initializers.push_back(float_tensor("low", {}, {-65504}));
    m.graph.initializers.push_back(float_tensor("high", {}, {65504}));
    return m;
  }

  Model exported(const Model& m, WeightsMode mode = WeightsMode::kLink) {
    report_ = export_model(write_model(m), folder_ / "out", real_paths_in(folder_ / "model"), mode, {},
                           {{"note.txt", "a note"}});
    return read_model(read("model.onnx"));
  }
  std::string read(const std::string& name) {
    std::ifstream in(folder_ / ("out/" + name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  std::string bytes(const Model& m, const std::string& name) {
    for (const Tensor& tensor : m.graph.initializers) {
      if (tensor.name != name) continue;
      if (!tensor.external) return tensor.raw_data;
      return read(tensor.external->location).substr(tensor.external->offset, tensor.external->length);
    }
    ADD_FAILURE() << "no initializer " << name;
    return {};
  }

  test::TemporaryFolder folder_;
  ExportReport report_;
};

TEST_F(Stream, AnExportEvaluatesThem) {
  const Model m = exported(graph());
  EXPECT_EQ(m.graph.nodes.size(), 2u);
  EXPECT_EQ(m.graph.nodes[0].inputs[1], "w") << "the checkpoint's name is kept";
  EXPECT_EQ(bytes(m, "w"), bytes_of(halves({5, 6, 1, 2, 1, 2})));
  EXPECT_EQ(bytes(m, "other"), bytes_of<float>({7}));
  EXPECT_EQ(bytes(m, "alone"), bytes_of<float>({8}));
  ASSERT_EQ(m.graph.initializers.size(), 3u);
  ASSERT_EQ(report_.weights.size(), 2u);
  EXPECT_EQ(report_.weights[0].location, "b.bin");
  EXPECT_TRUE(report_.weights[0].linked);
  EXPECT_EQ(report_.weights[1].location, "model_0.onnx.data");
  EXPECT_TRUE(report_.weights[1].made);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/a.bin"));
  EXPECT_EQ(read("note.txt"), "a note");
}

TEST_F(Stream, WhatIsOutOfRangeIsClipped) {
  Model m = graph();
  m.graph.initializers[3] = int64_tensor("rows", {3}, {1, 1, 2});
  EXPECT_EQ(bytes(exported(m), "w"), bytes_of(halves({3, 65504, 3, 65504, 5, 6})));
}

TEST_F(Stream, AWeightThatIsReadAsItIsTooStays) {
  Model m = graph();
  m.graph.nodes.push_back(node("c", "Cast", {"w"}, {"v"}, {int_attribute("to", 1)}));
  m.graph.outputs.push_back(type("v", DataType::kFloat, {"3", "2"}));
  m = exported(m);
  EXPECT_EQ(m.graph.nodes[0].inputs[1], "w/cast");
  EXPECT_EQ(bytes(m, "w").size(), 12u);
  EXPECT_EQ(bytes(m, "w/cast"), bytes_of(halves({5, 6, 1, 2, 1, 2})));
}

TEST_F(Stream, SplitTensorsMoveByTheirSize) {
  Model m = graph();
  m.graph.nodes.erase(m.graph.nodes.begin(), m.graph.nodes.begin() + 5);
  m.graph.outputs.erase(m.graph.outputs.begin());
  m.graph.initializers.push_back(float_tensor("table", {20}, std::vector<float>(20, 3)));
  m.metadata_props.emplace_back(kSplitTensors, "4 80");
  m = exported(m);
  EXPECT_EQ(find_metadata(m, kSplitTensors), nullptr);
  EXPECT_EQ(bytes(m, "table"), bytes_of(std::vector<float>(20, 3)));
  EXPECT_EQ(bytes(m, "alone"), bytes_of<float>({8}));
  for (const Tensor& tensor : m.graph.initializers) EXPECT_TRUE(tensor.external) << tensor.name;
  ASSERT_GE(report_.weights.size(), 2u);
  for (const ExportedWeights& file : report_.weights) EXPECT_LE(file.bytes, 80u);
}

TEST_F(Stream, LargeWeightsComeInPieces) {
  const size_t count = (1 << 20) + 3;  // more than one piece of 4 MiB, and no round number
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i % 1000);
  WeightRecipe recipe = copy_recipe(float_tensor("big", {static_cast<int64_t>(count)}, values));
  recipe.steps = {{WeightStep::kCast, DataType::kFloat16, 0, 0}};
  recipe.dtype = DataType::kFloat16;
  recipe.bytes = count * 2;
  std::string out;
  size_t largest = 0;
  stream_weight(recipe, {}, [&](std::string_view piece) {
    largest = std::max(largest, piece.size());
    out += piece;
  });
  EXPECT_LE(largest, size_t{4} << 20);
  EXPECT_EQ(out, bytes_of(halves(values)));
}

TEST_F(Stream, NodesThatAreNoneAreRefused) {
  Model neg = graph();
  neg.graph.nodes[3].op_type = "Neg";
  EXPECT_EQ(error_of([&] { exported(neg); }).message(), "a weight node is a Neg");
  Model row = graph();
  row.graph.initializers[3] = int64_tensor("rows", {3}, {0, 3, 0});
  EXPECT_EQ(error_of([&] { exported(row); }).message(), "row 3 is wanted of a weight with 3 rows");
  Model input = graph();
  input.graph.nodes[0].inputs[0] = "x";
  EXPECT_EQ(error_of([&] { exported(input); }).message(), "a weight node reads 'x', which is no weight");
  Model sizes = graph();
  sizes.metadata_props.emplace_back(kSplitTensors, "many");
  EXPECT_EQ(error_of([&] { exported(sizes); }).message(), "'many' is no pair of sizes in bytes");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

}  // namespace
}  // namespace tessera::graph
