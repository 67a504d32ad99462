// What ONNX's own tests do not ask: bodies that read the graph around them, half types, hostile input.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "graphs.hpp"
#include "plan.hpp"

namespace tessera::exec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const KernelRegistry& standard() {
  static const KernelRegistry kRegistry = KernelRegistry::standard();
  return kRegistry;
}

Tensor run_one(const graph::Node& node, std::vector<Value> inputs) {
  return run_node(node, inputs, 17, standard()).at(0).tensor();
}

template <class T>
std::vector<T> values(const Tensor& tensor) {
  return std::vector<T>(tensor.data<T>(), tensor.data<T>() + tensor.size());
}

graph::Node binary(const char* op) {
  return node(op, {"a", "b"}, {"y"});
}

TEST(Arithmetic, BroadcastsLikeNumPy) {
  Tensor a = Tensor::of<float>({2, 1, 2}, {1, 2, 3, 4});
  Tensor b = Tensor::of<float>({3, 1}, {10, 20, 30});
  Tensor y = run_one(binary("Add"), {a, b});
  EXPECT_EQ(y.dims(), (Dims{2, 3, 2}));
  EXPECT_THAT(values<float>(y), ElementsAre(11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34));
  EXPECT_EQ(run_one(binary("Mul"), {Tensor::of<float>({0, 3}, {}), Tensor::of<float>({1}, {2})}).dims(),
            (Dims{0, 3}));
  EXPECT_THROW(run_one(binary("Add"), {Tensor::of<float>({2}, {1, 2}), Tensor::of<float>({3}, {1, 2, 3})}),
               Error);
}

TEST(Arithmetic, HalfTypesRoundOnceAtTheEnd) {
  Tensor a = Tensor::of<Float16>({1}, {Float16(1.0f)});
  Tensor b = Tensor::of<Float16>({1}, {Float16(0x1p-11f)});
  Tensor y = run_one(binary("Add"), {a, b});
  EXPECT_EQ(y.dtype(), DataType::kFloat16);
  EXPECT_EQ(y.data<Float16>()->bits, 0x3c00);
}

TEST(Arithmetic, IntegersWrapAndNeverTrap) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  auto run = [](const char* op, int64_t a, int64_t b) {
    return *run_one(binary(op), {Tensor::scalar(a), Tensor::scalar(b)}).data<int64_t>();
  };
  EXPECT_EQ(run("Div", kLeast, -1), kLeast);
  EXPECT_EQ(run("Mod", kLeast, -1), 0);
  EXPECT_EQ(run("Mul", kLeast, -1), kLeast);
  EXPECT_EQ(run("Sub", kLeast, 1), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(run("Mod", -7, 3), 2);
  EXPECT_EQ(run("Div", -7, 2), -3);
  EXPECT_THROW(run("Div", 1, 0), Error);
  EXPECT_THROW(run("Mod", 1, 0), Error);
}

TEST(Cast, SaturatesWhatDoesNotFit) {
  graph::Node cast = node("Cast", {"x"}, {"y"});
  cast.attributes.push_back(int_attribute("to", static_cast<int64_t>(DataType::kInt32)));
  Tensor x = Tensor::of<float>({4}, {1e20f, -1e20f, std::numeric_limits<float>::quiet_NaN(), -2.9f});
  EXPECT_THAT(values<int32_t>(run_one(cast, {x})), ElementsAre(INT32_MAX, INT32_MIN, 0, -2));
}

TEST(Cast, ReadsUnalignedHalfWeights) {
  Float16 stored[2] = {Float16(1.5f), Float16(-2.0f)};
  char bytes[5];
  std::memcpy(bytes + 1, stored, 4);
  graph::Node cast = node("Cast", {"x"}, {"y"});
  cast.attributes.push_back(int_attribute("to", static_cast<int64_t>(DataType::kFloat)));
  EXPECT_THAT(values<float>(run_one(cast, {Tensor::borrow(DataType::kFloat16, {2}, bytes + 1)})),
              ElementsAre(1.5f, -2));
}

TEST(Gather, RefusesIndicesOutOfRange) {
  Tensor x = Tensor::of<float>({2, 1}, {1, 2});
  graph::Node gather = node("Gather", {"x", "i"}, {"y"});
  EXPECT_THAT(values<float>(run_one(gather, {x, Tensor::of<int64_t>({2}, {-1, 0})})), ElementsAre(2, 1));
  EXPECT_THROW(run_one(gather, {x, Tensor::scalar<int64_t>(2)}), Error);
  EXPECT_THROW(run_one(gather, {x, Tensor::scalar<int64_t>(-3)}), Error);
}

TEST(Slice, TakesExtremeBounds) {
  graph::Node slice = node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
  auto run = [&](int64_t start, int64_t end, int64_t step) {
    return values<float>(run_one(slice, {Tensor::of<float>({4}, {0, 1, 2, 3}),
                                         Tensor::of<int64_t>({1}, {start}), Tensor::of<int64_t>({1}, {end}),
                                         Tensor::of<int64_t>({1}, {0}), Tensor::of<int64_t>({1}, {step})}));
  };
  EXPECT_THAT(run(INT64_MIN, INT64_MAX, 2), ElementsAre(0, 2));
  EXPECT_THAT(run(INT64_MAX, INT64_MIN, -1), ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(run(3, INT64_MIN, INT64_MIN), ElementsAre(3));
  EXPECT_THAT(run(0, 4, INT64_MAX), ElementsAre(0));
  EXPECT_THROW(run(0, 4, 0), Error);
}

TEST(MatMul, GivesARowTheSameBitsInAnyBatch) {
  constexpr int64_t kRows = 7, kInner = 130, kColumns = 37;
  std::vector<float> a_values, b_values;
  for (int64_t i = 0; i < kRows * kInner; ++i)
    a_values.push_back(static_cast<float>((i * 7919) % 1001) / 997.0f - 0.5f);
  for (int64_t i = 0; i < kInner * kColumns; ++i)
    b_values.push_back(static_cast<float>((i * 104729) % 1009) / 1013.0f - 0.5f);
  Tensor b = Tensor::of<float>({kInner, kColumns}, b_values);
  Tensor all = run_one(binary("MatMul"), {Tensor::of<float>({kRows, kInner}, a_values), b});
  for (int64_t r = 0; r < kRows; ++r) {
    std::vector<float> row(a_values.begin() + r * kInner, a_values.begin() + (r + 1) * kInner);
    Tensor one = run_one(binary("MatMul"), {Tensor::of<float>({kInner}, row), b});
    for (int64_t c = 0; c < kColumns; ++c) {
      float expected = 0;
      for (int64_t k = 0; k < kInner; ++k) expected += row[k] * b_values[k * kColumns + c];
      EXPECT_EQ(one.data<float>()[c], expected);
      EXPECT_EQ(all.data<float>()[r * kColumns + c], expected);
    }
  }
}

TEST(MatMul, OfNothingIsZero) {
  Tensor y = run_one(binary("MatMul"), {Tensor::of<float>({2, 0}, {}), Tensor::of<float>({0, 2}, {})});
  EXPECT_THAT(values<float>(y), ElementsAre(0, 0, 0, 0));
}

// for (i = 0; i < n; ++i) { x = x + step * step }, `step` and a constant from the graph around.
TEST(Loop, ReadsValuesOfTheGraphAround) {
  graph::Graph body = graph_of({"i", "c", "x"},
                               {node("Mul", {"step", "scale"}, {"d"}), node("Add", {"x", "d"}, {"x1"}),
                                node("Identity", {"c"}, {"c1"})},
                               {"c1", "x1", "d"});
  graph::Node loop = node("Loop", {"n", "", "start"}, {"y", "ds"});
  loop.attributes.push_back(graph_attribute("body", body));
  graph::Graph graph = graph_of({"n", "start", "raw"}, {node("Neg", {"raw"}, {"step"}), loop}, {"y", "ds"});
  graph.initializers.push_back(to_graph(Tensor::scalar(10.0f), "scale"));
  Plan plan = Plan::compile(model_of(graph));
  Workspace workspace(plan);
  for (int repeat = 0; repeat < 2; ++repeat) {
    std::vector<Value> inputs = {Tensor::scalar<int64_t>(3), Tensor::scalar(1.0f), Tensor::scalar(-2.0f)};
    std::vector<Value> out = plan.run(workspace, inputs);
    EXPECT_EQ(*out[0].tensor().data<float>(), 61.0f);
    EXPECT_THAT(values<float>(out[1].tensor()), ElementsAre(20, 20, 20));
  }
}

TEST(If, ABranchMayReadThroughAnotherBody) {
  graph::Graph inner = graph_of({}, {node("Add", {"x", "x"}, {"r"})}, {"r"});
  graph::Graph other = graph_of({}, {node("Identity", {"x"}, {"s"})}, {"s"});
  graph::Node nested = node("If", {"c"}, {"t"});
  nested.attributes = {graph_attribute("then_branch", inner), graph_attribute("else_branch", other)};
  graph::Graph outer_then = graph_of({}, {nested}, {"t"});
  graph::Graph outer_else = graph_of({}, {node("Neg", {"x"}, {"u"})}, {"u"});
  graph::Node outer = node("If", {"c"}, {"y"});
  outer.attributes = {graph_attribute("then_branch", outer_then), graph_attribute("else_branch", outer_else)};
  Plan plan = Plan::compile(model_of(graph_of({"c", "x"}, {outer}, {"y"})));
  Workspace workspace(plan);
  auto run = [&](bool condition) {
    std::vector<Value> inputs = {Tensor::scalar(Bool(condition)), Tensor::scalar(4.0f)};
    return *plan.run(workspace, inputs)[0].tensor().data<float>();
  };
  EXPECT_EQ(run(true), 8);
  EXPECT_EQ(run(false), -4);
}

TEST(Reduce, KeepsTheLastBitsOfLongMeans) {
  std::vector<float> x(1 << 20, 0.1f);
  Tensor y = run_one(node("ReduceMean", {"x"}, {"y"}), {Tensor::of<float>({1 << 20}, x)});
  EXPECT_EQ(*y.data<float>(), 0.1f);
}

TEST(Reshape, ChecksTheNumberOfElements) {
  graph::Node reshape = node("Reshape", {"x", "s"}, {"y"});
  Tensor x = Tensor::of<float>({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(run_one(reshape, {x, Tensor::of<int64_t>({2}, {0, -1})}).dims(), (Dims{2, 3}));
  for (std::vector<int64_t> bad :
       {std::vector<int64_t>{4, -1}, {-1, -1}, {7}, {0, 0, 0}, {-2, 3}, {INT64_MAX, INT64_MAX}})
    EXPECT_THROW(run_one(reshape, {x, Tensor::of<int64_t>({static_cast<int64_t>(bad.size())}, bad)}), Error);
}

graph::Node max_roi_pool(int64_t height, int64_t width, float scale) {
  graph::Node made = node("MaxRoiPool", {"x", "rois"}, {"y"});
  graph::Attribute shape;
  shape.name = "pooled_shape";
  shape.type = graph::AttributeType::kInts;
  shape.ints = {height, width};
  graph::Attribute factor;
  factor.name = "spatial_scale";
  factor.type = graph::AttributeType::kFloat;
  factor.f = scale;
  made.attributes = {shape, factor};
  return made;
}

// ONNX has no test of this operator.
TEST(MaxRoiPool, TakesTheLargestPixelOfEachBin) {
  std::vector<float> pixels;
  for (int i = 0; i < 2 * 16; ++i) pixels.push_back(static_cast<float>(i));  // two images of 4 x 4
  Tensor x = Tensor::of<float>({2, 1, 4, 4}, pixels);
  // Corners (0, 0) and (6, 6) at half scale: pixels 0 to 3 on both sides. Of the second image, one pixel.
  Tensor rois = Tensor::of<float>({2, 5}, {0, 0, 0, 6, 6, 1, 2, 2, 2, 2});
  Tensor y = run_one(max_roi_pool(2, 2, 0.5f), {x, rois});
  EXPECT_EQ(y.dims(), (Dims{2, 1, 2, 2}));
  EXPECT_THAT(values<float>(y), ElementsAre(5, 7, 13, 15, 21, 21, 21, 21));
}

TEST(MaxRoiPool, GivesZeroOutsideAndRefusesOtherImages) {
  Tensor x = Tensor::of<float>({1, 1, 2, 2}, {-1, -2, -3, -4});
  Tensor outside = Tensor::of<float>({1, 5}, {0, 9, 9, 12, 12});
  EXPECT_THAT(values<float>(run_one(max_roi_pool(1, 1, 1), {x, outside})), ElementsAre(0));
  for (float image : {1.0f, -1.0f, std::numeric_limits<float>::quiet_NaN()})
    EXPECT_THROW(run_one(max_roi_pool(1, 1, 1), {x, Tensor::of<float>({1, 5}, {image, 0, 0, 1, 1})}), Error);
  float far = std::numeric_limits<float>::infinity();
  EXPECT_THAT(values<float>(
                  run_one(max_roi_pool(1, 1, 1), {x, Tensor::of<float>({1, 5}, {0, -far, -far, far, far})})),
              ElementsAre(-1));
}

}  // namespace
}  // namespace tessera::exec
