#include "plan.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graphs.hpp"

namespace tessera::exec {
namespace {

using testing::HasSubstr;
using testing::Not;

// Adds attribute "by" to its input; counts how often it runs.
int g_runs = 0;
Kernel compile_add_int(NodeSpec& node) {
  int64_t by = node.get_int("by");
  return [by](Context& run) {
    ++g_runs;
    Tensor x = run.own_input(0);
    for (int64_t i = 0; i < x.size(); ++i) x.mutable_data<int64_t>()[i] += by;
    run.set_output(0, std::move(x));
  };
}

// Keeps the sum of its constant input and nothing else of it.
Kernel compile_sum_of_constant(NodeSpec& node) {
  const Tensor* weight = node.constant(1);
  if (!weight) node.fail("the weight must be a constant");
  Tensor aligned = weight->aligned();
  int64_t sum = 0;
  for (int64_t i = 0; i < aligned.size(); ++i) sum += aligned.data<int64_t>()[i];
  node.consume(1);
  return [sum](Context& run) {
    EXPECT_FALSE(run.has_input(1));
    run.output(0, DataType::kInt64, {}).mutable_data<int64_t>()[0] = sum + run.input(0).data<int64_t>()[0];
  };
}

Kernel compile_read_aligned(NodeSpec&) {
  return [](Context& run) {
    run.output(0, DataType::kInt64, {}).mutable_data<int64_t>()[0] = run.input(0).data<int64_t>()[0];
  };
}

KernelRegistry registry() {
  KernelRegistry registry = KernelRegistry::standard();
  registry.add("tessera", "AddInt", 1, compile_add_int);
  registry.add("tessera", "SumOfConstant", 1, compile_sum_of_constant);
  registry.add("tessera", "ReadAligned", 1, compile_read_aligned);
  return registry;
}

graph::Node add_int(int64_t by, std::string from, std::string to) {
  graph::Node result = node("AddInt", {std::move(from)}, {std::move(to)});
  result.domain = "tessera";
  result.doc_string = "plugin=test";
  result.attributes.push_back(int_attribute("by", by));
  return result;
}

graph::Tensor external(std::string name, std::vector<int64_t> dims) {
  graph::Tensor result;
  result.name = std::move(name);
  result.dtype = DataType::kInt64;
  result.dims = std::move(dims);
  result.external = std::make_unique<graph::ExternalData>();
  return result;
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    std::string text = fmt::format("{}|{}|{}", error.message(), error.node_name(), error.key_name());
    for (const std::string& line : error.context()) text += fmt::format("|{}", line);
    return text;
  }
  return "no error";
}

TEST(Plan, RunsByIndexAndByName) {
  KernelRegistry kernels = registry();
  Plan plan =
      Plan::compile(model_of(graph_of({"x"}, {add_int(1, "x", "y"), add_int(10, "y", "z")}, {"z", "y"})),
                    {.registry = &kernels});
  Workspace workspace(plan);
  Value x = Tensor::scalar<int64_t>(5);
  std::vector<Value> out = plan.run(workspace, {&x, 1});
  EXPECT_EQ(*out[0].tensor().data<int64_t>(), 16);
  EXPECT_EQ(*out[1].tensor().data<int64_t>(), 6);
  EXPECT_EQ(*x.tensor().data<int64_t>(), 5) << "the caller's tensor must not be overwritten";
  std::map<std::string, Value> named = plan.run(workspace, {{"x", Tensor::scalar<int64_t>(1)}});
  EXPECT_EQ(*named.at("z").tensor().data<int64_t>(), 12);
}

TEST(Plan, SkipsNodesThatOnlyServeUnwantedOutputs) {
  KernelRegistry kernels = registry();
  Plan plan =
      Plan::compile(model_of(graph_of({"x"}, {add_int(1, "x", "y"), add_int(2, "y", "z")}, {"z", "y"})),
                    {.registry = &kernels});
  Workspace workspace(plan);
  std::vector<Value> inputs = {Tensor::scalar<int64_t>(5)};
  size_t wanted[] = {plan.output_index("y")};
  g_runs = 0;
  std::vector<Value> out = plan.run(workspace, inputs, {.wanted = wanted});
  EXPECT_EQ(g_runs, 1);
  EXPECT_FALSE(out[0].has_value());
  EXPECT_EQ(*out[1].tensor().data<int64_t>(), 6);
}

TEST(Plan, ReusesItsMemoryInTheNextRun) {
  KernelRegistry kernels = registry();
  std::vector<graph::Node> nodes;
  for (int i = 0; i < 20; ++i) nodes.push_back(add_int(1, fmt::format("v{}", i), fmt::format("v{}", i + 1)));
  Plan plan = Plan::compile(model_of(graph_of({"v0"}, std::move(nodes), {"v20"})), {.registry = &kernels});
  Workspace workspace(plan);
  std::vector<Value> inputs = {Tensor::of<int64_t>({1000}, std::vector<int64_t>(1000, 1))};
  plan.run(workspace, inputs);
  size_t after_first = workspace.pool().bytes_idle();
  EXPECT_LT(after_first, 3u * 8000 + 1000) << "values are let go after their last use";
  plan.run(workspace, inputs);
  EXPECT_EQ(workspace.pool().bytes_idle(), after_first);
}

TEST(Plan, ListsEveryNodeWithoutKernel) {
  graph::Graph body = graph_of({}, {node("Deep", {"x"}, {"d"})}, {"d"});
  graph::Node outer = node("Identity", {"x"}, {"y"});
  outer.attributes.push_back(graph_attribute("body", body));
  graph::Node first = node("First", {"x"}, {"w"});
  first.doc_string = "plugin=llama";
  std::string message = message_of([&] { Plan::compile(model_of(graph_of({"x"}, {first, outer}, {"y"}))); });
  EXPECT_THAT(message, HasSubstr("no kernel for 2 nodes"));
  EXPECT_THAT(message, HasSubstr("First 'node/w' (plugin=llama) of domain 'ai.onnx' version 17"));
  EXPECT_THAT(message, HasSubstr("Deep 'node/d'"));
}

TEST(Plan, RefusesNewerOpsets) {
  EXPECT_THAT(message_of([] { Plan::compile(model_of(graph_of({"x"}, {}, {"x"}), 18)); }),
              HasSubstr("opset 18"));
}

TEST(Plan, NamesTheNodeThatFails) {
  KernelRegistry kernels = registry();
  Plan plan = Plan::compile(model_of(graph_of({"x"}, {add_int(1, "x", "y")}, {"y"})), {.registry = &kernels});
  Workspace workspace(plan);
  std::vector<Value> inputs = {Tensor::scalar(5.0f)};
  EXPECT_EQ(message_of([&] { plan.run(workspace, inputs); }),
            "a tensor of float where int64 is expected|node/y||running AddInt 'node/y' (plugin=test)");
  inputs = {Tensor::scalar<int64_t>(5)};
  EXPECT_NO_THROW(plan.run(workspace, inputs)) << "the workspace serves again after an error";
}

TEST(Plan, NamesTheNodeWithBadAttributes) {
  KernelRegistry kernels = registry();
  graph::Node bad = add_int(1, "x", "y");
  bad.attributes.clear();
  EXPECT_THAT(
      message_of([&] { Plan::compile(model_of(graph_of({"x"}, {bad}, {"y"})), {.registry = &kernels}); }),
      HasSubstr("attribute 'by' is missing|node/y||compiling AddInt 'node/y' (plugin=test)"));
}

TEST(Plan, ChecksInputsAgainstTheirDeclaration) {
  graph::Graph graph = graph_of({"x"}, {}, {"x"});
  graph.inputs[0].dtype = DataType::kFloat;
  graph.inputs[0].has_shape = true;
  graph.inputs[0].shape.resize(2);
  graph.inputs[0].shape[0].symbol = "batch";
  graph.inputs[0].shape[1].value = 3;
  Plan plan = Plan::compile(model_of(graph));
  Workspace workspace(plan);
  auto run = [&](Value x) { return message_of([&] { plan.run(workspace, {&x, 1}); }); };
  EXPECT_EQ(run(Tensor::of<float>({1, 3}, {1, 2, 3})), "no error");
  EXPECT_THAT(run(Tensor::of<float>({3, 1}, {1, 2, 3})),
              HasSubstr("input 'x' is float [3, 1], expected float [batch, 3]"));
  EXPECT_THAT(run(Tensor::of<int64_t>({1, 3}, {1, 2, 3})), HasSubstr("int64"));
  EXPECT_THAT(run(Value()), HasSubstr("no tensor for input 'x'"));
}

TEST(Plan, AnInputWithAnInitializerHasADefault) {
  KernelRegistry kernels = registry();
  graph::Graph graph = graph_of({"x"}, {add_int(1, "x", "y")}, {"y"});
  graph.initializers.push_back(to_graph(Tensor::scalar<int64_t>(41), "x"));
  Plan plan = Plan::compile(model_of(graph), {.registry = &kernels});
  Workspace workspace(plan);
  EXPECT_EQ(*plan.run(workspace, std::span<const Value>())[0].tensor().data<int64_t>(), 42);
  Value x = Tensor::scalar<int64_t>(1);
  EXPECT_EQ(*plan.run(workspace, {&x, 1})[0].tensor().data<int64_t>(), 2);
}

TEST(Plan, KernelsConsumeConstantsWhileCompiling) {
  KernelRegistry kernels = registry();
  graph::Node sum = node("SumOfConstant", {"x", "w"}, {"y"});
  sum.domain = "tessera";
  graph::Graph graph = graph_of({"x"}, {sum}, {"y"});
  graph.initializers.push_back(external("w", {3}));
  auto weights = std::make_shared<std::vector<int64_t>>(std::vector<int64_t>{1, 2, 3});
  std::weak_ptr<std::vector<int64_t>> alive = weights;
  CompileOptions options;
  options.registry = &kernels;
  options.weights = [&](const graph::Tensor& tensor) {
    return Tensor::borrow(tensor.dtype, tensor.dims, weights->data(), weights);
  };
  Plan plan = Plan::compile(model_of(graph), options);
  weights.reset();
  EXPECT_TRUE(alive.expired()) << "the plan must not hold a consumed constant";
  Workspace workspace(plan);
  Value x = Tensor::scalar<int64_t>(10);
  EXPECT_EQ(*plan.run(workspace, {&x, 1})[0].tensor().data<int64_t>(), 16);
}

TEST(Plan, UnalignedWeightsAreAlignedForKernelsThatNeedIt) {
  KernelRegistry kernels = registry();
  graph::Node read = node("ReadAligned", {"w"}, {"y"});
  read.domain = "tessera";
  graph::Graph graph = graph_of({}, {read}, {"y"});
  graph.initializers.push_back(external("w", {1}));
  alignas(8) char bytes[9] = {0, 77, 0, 0, 0, 0, 0, 0, 0};
  CompileOptions options;
  options.registry = &kernels;
  options.weights = [&](const graph::Tensor& tensor) {
    return Tensor::borrow(tensor.dtype, tensor.dims, bytes + 1);
  };
  Plan plan = Plan::compile(model_of(graph), options);
  Workspace workspace(plan);
  EXPECT_EQ(*plan.run(workspace, std::span<const Value>())[0].tensor().data<int64_t>(), 77);
}

TEST(Plan, ExternalDataNeedsASource) {
  graph::Graph graph = graph_of({}, {}, {"w"});
  graph.initializers.push_back(external("w", {1}));
  EXPECT_THAT(message_of([&] { Plan::compile(model_of(graph)); }), HasSubstr("external data"));
}

TEST(Plan, StopsBetweenNodesWhenCancelled) {
  KernelRegistry kernels = registry();
  Plan plan = Plan::compile(model_of(graph_of({"x"}, {add_int(1, "x", "y"), add_int(1, "y", "z")}, {"z"})),
                            {.registry = &kernels});
  Workspace workspace(plan);
  std::vector<Value> inputs = {Tensor::scalar<int64_t>(5)};
  g_runs = 0;
  std::function<bool()> cancelled = [] { return g_runs == 1; };
  RunOptions options;
  options.cancelled = &cancelled;
  try {
    plan.run(workspace, inputs, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  EXPECT_EQ(g_runs, 1);
}

TEST(Plan, MalformedGraphsAreErrors) {
  EXPECT_THAT(
      message_of([] { Plan::compile(model_of(graph_of({}, {node("Identity", {"x"}, {"y"})}, {"y"}))); }),
      HasSubstr("reads 'x'"));
  EXPECT_THAT(message_of([] { Plan::compile(model_of(graph_of({"x"}, {}, {"y"}))); }),
              HasSubstr("output 'y'"));
  EXPECT_THAT(
      message_of([] { Plan::compile(model_of(graph_of({"x"}, {node("Identity", {"x"}, {"x"})}, {"x"}))); }),
      HasSubstr("made twice"));
  EXPECT_THAT(message_of([] {
                Plan::compile(model_of(graph_of({"x", "x"}, {}, {"x"})));
              }),
              HasSubstr("twice"));
}

TEST(RunNode, RunsOneNode) {
  KernelRegistry kernels = registry();
  std::vector<Value> inputs = {Tensor::scalar<int64_t>(5)};
  std::vector<Value> out = run_node(node("Identity", {"x"}, {"y"}), inputs, 17, kernels);
  EXPECT_EQ(*out.at(0).tensor().data<int64_t>(), 5);
}

}  // namespace
}  // namespace tessera::exec
