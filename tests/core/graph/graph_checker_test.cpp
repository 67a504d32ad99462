#include "core/graph/graph_checker.hpp"

#include <filesystem>

#include "core/graph/onnx_library.hpp"
#include "core/graph/representative.hpp"
#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/functions.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/tensor.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/core/graph/test_graph.hpp"

namespace tessera::graph {
namespace {

using namespace testing_graph;  // NOLINT: the vocabulary of these tests

Tensor external(const std::string& name, std::vector<int64_t> dims, ExternalData where) {
  Tensor tensor;
  tensor.name = name;
  tensor.dtype = DataType::kFloat;
  tensor.dims = std::move(dims);
  tensor.external = std::make_unique<ExternalData>(std::move(where));
  return tensor;
}

/// Two norms and two activations, one after the other; weight w lies in w.bin.
Model good() {
  Model m = model(
      {type("x", DataType::kFloat, {"batch", "8"})},
      {node("layers.0/norm", "tessera.RMSNorm", {"x", "w"}, {"a"}, {float_attr("epsilon", 1e-5f)}),
       node("layers.0/act", "tessera.Silu", {"a"}, {"b"}),
       node("layers.1/norm", "tessera.RMSNorm", {"b", "w"}, {"c"}, {float_attr("epsilon", 1e-5f)}),
       node("layers.1/act", "tessera.Silu", {"c"}, {"y"})},
      {type("y", DataType::kFloat, {"batch", "8"})}, {*find_canonical("RMSNorm"), *find_canonical("Silu")});
  for (const char* name : {"a", "b", "c"}) {
    m.graph.value_info.push_back(type(name, DataType::kFloat, {"batch", "8"}));
  }
  m.graph.initializers.push_back(external("w", {8}, {"w.bin", 3, 32}));
  return m;
}

/// A folder in which w.bin has 35 bytes.
FileSizes sizes() {
  return [](const std::string& location) -> uint64_t {
    if (location == "w.bin") return 35;
    throw Error(ErrorCode::kNotFound, "no such file").file(location);
  };
}

Error refusal(const Model& m) {
  return error_of([&] { check_graph(write_model(m), {.file_sizes = sizes()}); });
}

TEST(GraphChecker, AcceptsAGoodGraphAndReturnsIt) {
  const Model m = good();
  EXPECT_EQ(print_model(check_graph(write_model(m), {.file_sizes = sizes()})), print_model(m));
}

TEST(GraphChecker, WantsToKnowWhoMadeEachNode) {
  Model m = good();
  m.graph.nodes[1].doc_string = "pass=kv-cache";
  const Error error = refusal(m);
  EXPECT_EQ(error.message(), "the node does not say which plugin made it");
  EXPECT_EQ(error.node_name(), "layers.0/act");
}

TEST(GraphChecker, NamesWhoMadeAndChangedABadNode) {
  Model m = good();
  m.graph.nodes[2].attributes.clear();
  append_pass(m.graph.nodes[2], "fuse");
  const Error error = refusal(m);
  EXPECT_EQ(error.message(), "attribute 'epsilon' of 'tessera.RMSNorm' is missing");
  EXPECT_EQ(error.node_name(), "layers.1/norm");
  ASSERT_FALSE(error.context().empty());
  EXPECT_EQ(error.context()[0], "node 'layers.1/norm' was made by plugin test, changed by fuse");
}

TEST(GraphChecker, RefusesUnknownAndRepeatedAttributes) {
  Model m = good();
  m.graph.nodes[0].attributes.push_back(int_attr("axis", -1));
  EXPECT_EQ(refusal(m).message(), "'tessera.RMSNorm' has no attribute 'axis'");
  m = good();
  m.graph.nodes[0].attributes.push_back(float_attr("epsilon", 1e-6f));
  EXPECT_EQ(refusal(m).message(), "attribute 'epsilon' of 'tessera.RMSNorm' is written twice");
}

TEST(GraphChecker, RefusesAnotherBodyUnderACanonicalName) {
  Model m = good();
  for (Attribute& attribute : m.functions[0].nodes.back().attributes) attribute.i += 1;
  m.functions[0].nodes.back().op_type = "Sub";
  const Error error = refusal(m);
  EXPECT_EQ(error.message(), "function 'tessera.RMSNorm' has another body than the SDK's");
  EXPECT_EQ(error.key_name(), "tessera.RMSNorm");
}

TEST(GraphChecker, TakesNamesAndDocumentationInBodiesAsWritten) {
  Model m = good();
  m.functions[0].doc_string = "another text";
  m.functions[0].nodes[0].name = "another_name";
  EXPECT_NO_THROW(check_graph(write_model(m), {.file_sizes = sizes()}));
}

TEST(GraphChecker, RefusesFunctionsThatTheSdkDoesNotHave) {
  Model m = good();
  m.functions.push_back(function("tessera.Sillu", {"x"}, {"y"}, {node("", "Neg", {"x"}, {"y"})}));
  const Error error = refusal(m);
  EXPECT_EQ(error.message(), "domain 'tessera' has no function 'Sillu'");
  EXPECT_EQ(error.remedy_text(), "did you mean 'Silu'?");
}

TEST(GraphChecker, RefusesTwoFunctionsOfOneName) {
  Model m = good();
  m.functions.push_back(m.functions[1]);
  EXPECT_EQ(refusal(m).message(), "the model has two functions 'tessera.Silu'");
}

TEST(GraphChecker, RefusesACallWithoutFunction) {
  Model m = good();
  m.functions.pop_back();
  const Error error = refusal(m);
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_EQ(error.message(), "the model has no function 'tessera.Silu'");
  EXPECT_EQ(error.node_name(), "layers.0/act");
}

TEST(GraphChecker, RefusesMissingAndOmittedInputs) {
  Model m = good();
  m.graph.nodes[0].inputs.pop_back();
  EXPECT_EQ(refusal(m).message(),
            "'tessera.RMSNorm' takes inputs (x, weight) and makes (y); the call has 1 inputs and 1 outputs");
  m = good();
  m.graph.nodes[0].inputs[1].clear();
  EXPECT_NE(refusal(m).message().find("2 (one omitted) inputs"), std::string::npos);
}

TEST(GraphChecker, RefusesWhatOnnxRefuses) {
  Model m = good();
  std::swap(m.graph.nodes[0], m.graph.nodes[1]);
  const Error order = refusal(m);
  EXPECT_NE(order.message().find("topologically sorted"), std::string::npos) << order.message();
  EXPECT_EQ(order.message().find('\n'), std::string::npos);
  m = good();
  m.graph.nodes[1] = node("layers.0/act", "Silu", {"a"}, {"b"});
  const Error op = refusal(m);
  EXPECT_NE(op.message().find("No Op registered for Silu"), std::string::npos) << op.message();
  EXPECT_EQ(op.node_name(), "layers.0/act");
}

TEST(GraphChecker, FindsShapesThatTheDeclaredTypesDoNotBear) {
  Model m = good();
  m.graph.value_info[1] = type("b", DataType::kFloat, {"batch", "9"});
  const Error error = refusal(m);
  EXPECT_EQ(error.node_name(), "layers.0/act") << error.message();
  EXPECT_EQ(error.message().rfind("shape inference: ", 0), 0u) << error.message();
}

TEST(GraphChecker, FindsAWrongTypeInARepeatedLayer) {
  Model m = good();
  m.graph.value_info[2] = type("c", DataType::kFloat, {"batch", "9"});
  EXPECT_EQ(refusal(m).node_name(), "layers.1/norm");
  m = good();
  m.graph.outputs[0] = type("y", DataType::kInt64, {"batch", "8"});
  EXPECT_EQ(refusal(m).node_name(), "layers.1/act");
}

TEST(GraphChecker, RefusesBytesThatAreNoModel) {
  EXPECT_EQ(error_of([] { check_graph("no model"); }).code(), ErrorCode::kCorruptData);
}

TEST(Representative, KeepsOneNodeOfEachKind) {
  const Model small = representative(good());
  ASSERT_EQ(small.graph.nodes.size(), 2u);
  EXPECT_EQ(small.graph.nodes[1].name, "layers.0/act");
  EXPECT_EQ(small.graph.outputs.size(), 0u);
}

TEST(Representative, KeepsNodesWhoseValuesMayBeShapes) {
  Model m = model({type("x", DataType::kFloat, {"2", "4"})},
                  {node("a", "Reshape", {"x", "s"}, {"p"}), node("b", "Reshape", {"x", "t"}, {"q"})},
                  {type("p", DataType::kFloat, {"8", "1"}), type("q", DataType::kFloat, {"8", "1"})});
  m.graph.initializers = {int64_tensor("s", {2}, {8, 1}), int64_tensor("t", {2}, {4, 2})};
  EXPECT_EQ(representative(m).graph.nodes.size(), 2u);
  EXPECT_EQ(error_of([&] { check_graph(write_model(m)); }).node_name(), "b");
}

TEST(Representative, KeepsNodesWithUndeclaredTypes) {
  Model m = good();
  m.graph.value_info.clear();
  EXPECT_EQ(representative(m).graph.nodes.size(), 4u);
}

struct Location {
  const char* text;
  const char* complaint;
};

TEST(Weights, LocationsStayInTheModelsFolder) {
  for (const Location& c : {Location{"/etc/passwd", "is absolute"},
                            {"../w.bin", "leaves the model's folder"},
                            {"a/../../w.bin", "leaves the model's folder"},
                            {"a//w.bin", "has an empty part"},
                            {"./w.bin", "has an empty part"},
                            {"w.bin\n", "has a control character"}}) {
    Model m = good();
    m.graph.initializers[0].external->location = c.text;
    const Error error = refusal(m);
    EXPECT_EQ(error.message(), "location '" + std::string(c.text) + "' of external data " + c.complaint);
    EXPECT_EQ(error.key_name(), "w");
  }
  EXPECT_EQ(error_of([] { check_location(""); }).message(), "location '' of external data is empty");
  EXPECT_NO_THROW(check_location("shards/model-00001.safetensors"));
  EXPECT_NO_THROW(check_location("..model/w..bin"));
}

TEST(Weights, RangesStayInTheirFile) {
  for (const ExternalData& where : {ExternalData{"w.bin", 4, 32}, ExternalData{"w.bin", 36, 32},
                                    ExternalData{"w.bin", UINT64_MAX - 8, 32}}) {
    Model m = good();
    m.graph.initializers[0] = external("w", {8}, where);
    const Error error = refusal(m);
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_NE(error.message().find(", the file has 35"), std::string::npos) << error.message();
    EXPECT_EQ(error.file_name(), "w.bin");
  }
}

TEST(Weights, LengthsFitTheShape) {
  Model m = good();
  m.graph.initializers[0].external->length = 31;
  EXPECT_EQ(refusal(m).message(), "weight 'w' needs 32 bytes, its range has 31");
  m = good();
  m.graph.initializers[0].dims = {int64_t{1} << 62, 8};
  EXPECT_EQ(refusal(m).message(), "weight 'w' has a dtype or dimensions without a size");
}

TEST(Weights, MissingFilesAreNamed) {
  Model m = good();
  m.graph.initializers[0].external->location = "absent.bin";
  EXPECT_EQ(refusal(m).code(), ErrorCode::kNotFound);
  const FileSizes real = file_sizes_in(std::filesystem::temp_directory_path());
  EXPECT_EQ(error_of([&] { real("no-such-file-of-tessera"); }).code(), ErrorCode::kNotFound);
}

TEST(Weights, OnlyInitializersOfTheMainGraphLieOutside) {
  Model m = good();
  Node constant =
      node("c", "Constant", {}, {"k"}, {tensor_attribute("value", external("", {8}, {"w.bin", 0, 32}))});
  m.graph.nodes.push_back(constant);
  EXPECT_EQ(refusal(m).code(), ErrorCode::kNotSupported);
}

}  // namespace
}  // namespace tessera::graph
