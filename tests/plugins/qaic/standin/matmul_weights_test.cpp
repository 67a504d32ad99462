/// -mxfp6-matmul: which weights become MXFP6, along which axis, in constants.bin.
#include "plugins/qaic/standin/compile/matmul_weights.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "plugins/qaic/qpc/elements.hpp"
#include "plugins/qaic/standin/compile/constants.hpp"
#include "plugins/qaic/standin/compile/microscaling.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::qaic::standin {
namespace {

using graph::DataType;
using testing::ElementsAre;
using testing::Pair;

graph::Node operation(const std::string& op, std::vector<std::string> inputs, const std::string& output) {
  graph::Node made;
  made.op_type = op;
  made.inputs = std::move(inputs);
  made.outputs = {output};
  return made;
}

graph::Tensor tensor(const std::string& name, DataType type, std::vector<int64_t> dims) {
  graph::Tensor made;
  made.name = name;
  made.dtype = type;
  made.dims = std::move(dims);
  return made;
}

TEST(MatmulWeights, AreFoundThroughCastAndTranspose) {
  graph::Graph graph;
  graph.initializers = {tensor("linear", DataType::kFloat16, {6, 4}),
                        tensor("conv1d", DataType::kFloat, {4, 6}), tensor("bias", DataType::kFloat, {6}),
                        tensor("norm", DataType::kFloat, {4, 4})};
  graph.nodes = {operation("Cast", {"linear"}, "c"),     operation("Transpose", {"c"}, "t"),
                 operation("MatMul", {"x", "t"}, "y"),   operation("MatMul", {"x", "conv1d"}, "z"),
                 operation("Add", {"z", "bias"}, "b"),   operation("Mul", {"x", "norm"}, "n"),
                 operation("MatMul", {"norm", "y"}, "m")};
  EXPECT_THAT(separate_matmul_weights(graph), ElementsAre(Pair("conv1d", 0), Pair("linear", 1)));
  EXPECT_EQ(graph.initializers.size(), 4u);
}

// The embedding reads the table as it is stored, the head in MXFP6.
TEST(MatmulWeights, ATiedTableIsCopied) {
  graph::Graph graph;
  graph.initializers = {tensor("table", DataType::kFloat, {8, 4})};
  graph.nodes = {operation("Gather", {"table", "ids"}, "x"), operation("Transpose", {"table"}, "t"),
                 operation("MatMul", {"x", "t"}, "y")};
  EXPECT_THAT(separate_matmul_weights(graph), ElementsAre(Pair("table.mxfp6", 1)));
  ASSERT_EQ(graph.initializers.size(), 2u);
  EXPECT_EQ(graph.nodes[0].inputs[0], "table");
  EXPECT_EQ(graph.nodes[1].inputs[0], "table.mxfp6");
}

/// What constants.bin holds of one weight of these dims, element i being i + 0.3.
std::vector<float> constants(DataType type, std::vector<int64_t> dims, size_t axis) {
  std::vector<float> values(static_cast<size_t>(dims[0] * dims[1]));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) + 0.3f;
  std::string bytes(values.size() * (type == DataType::kFloat ? 4 : 2), '\0');
  convert_elements(DataType::kFloat, values.data(), type, bytes.data(), values.size());
  const test::TemporaryFolder folder;
  folder.write("weights", bytes);
  graph::Model model;
  model.graph.initializers = {tensor("w", type, std::move(dims))};
  model.graph.initializers[0].external =
      std::make_unique<graph::ExternalData>(graph::ExternalData{"weights", 0, bytes.size()});
  const SegmentSource segment = move_constants(model, folder.path(), {false, {{"w", axis}}});
  std::string written;
  segment.write([&](std::string_view piece) { written += piece; });
  convert_elements(type, written.data(), DataType::kFloat, values.data(), values.size());
  return values;
}

/// The same by the definition, element for element.
std::vector<float> expected(int64_t rows, int64_t columns, size_t axis) {
  std::vector<float> values(static_cast<size_t>(rows * columns));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) + 0.3f;
  const int64_t lines = axis == 0 ? columns : rows, length = axis == 0 ? rows : columns;
  for (int64_t line = 0; line < lines; ++line)
    round_to_mx(MxElement::kE2M3, values.data() + (axis == 0 ? line : line * columns),
                static_cast<size_t>(length), axis == 0 ? static_cast<size_t>(columns) : 1);
  return values;
}

TEST(MatmulWeights, AreRoundedInBlocksAlongTheirAxis) {
  EXPECT_EQ(constants(DataType::kFloat, {5, 70}, 1), expected(5, 70, 1));
  EXPECT_EQ(constants(DataType::kFloat, {70, 5}, 0), expected(70, 5, 0));
  EXPECT_EQ(constants(DataType::kFloat16, {3, 40}, 1), expected(3, 40, 1));
  EXPECT_NE(expected(5, 70, 1), expected(5, 70, 0));
}

}  // namespace
}  // namespace tessera::qaic::standin
