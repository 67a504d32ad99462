/// Any ONNX graph through the public API and the cpu plugin: ONNX's own operator tests, data-dependent
/// shapes, defaults, external data, and what is refused.
#include "tessera/onnx_model.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <span>

#include "core/checkpoint/dtype.hpp"
#include "core/checkpoint/unaligned.hpp"
#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"
#include "tessera/sdk/wire/message_reader.hpp"
#include "tessera/sdk/wire/read_model.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A folder of the test's own.
class OnnxModelTest : public testing::Test {
 protected:
  OnnxModelTest() {
    std::string name = (fs::temp_directory_path() / "tessera-onnx-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~OnnxModelTest() override { fs::remove_all(folder_); }

  std::string write(const graph::Model& model) {
    const fs::path path = folder_ / "graph.onnx";
    std::ofstream(path, std::ios::binary) << graph::write_model(model);
    return path.string();
  }

  OnnxModel load(const graph::Model& model) { return OnnxModel::load(write(model)); }

  /// The error of `action` as text: message, node, remedy.
  template <typename Action>
  std::string error_of(const Action& action, ErrorCode code) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.message();
      return error.message() + " node=" + error.node_name() + " key=" + error.key_name() +
             " try=" + error.remedy_text();
    }
    ADD_FAILURE() << "nothing was refused";
    return "";
  }

  fs::path folder_;
};

graph::Model model_of(std::vector<graph::Node> nodes, std::vector<graph::ValueInfo> inputs,
                      std::vector<graph::ValueInfo> outputs) {
  graph::Model model;
  model.opset_imports = {{"", 17}};
  model.graph.name = "test";
  model.graph.nodes = std::move(nodes);
  model.graph.inputs = std::move(inputs);
  model.graph.outputs = std::move(outputs);
  return model;
}

graph::Node node_of(std::string op_type, std::vector<std::string> inputs, std::vector<std::string> outputs) {
  graph::Node node;
  node.op_type = std::move(op_type);
  node.name = "the/" + node.op_type;
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  return node;
}

graph::ValueInfo floats(std::string_view name, std::vector<graph::Dimension> dims) {
  return graph::tensor_value(name, graph::DataType::kFloat, std::move(dims));
}

OnnxTensor tensor(const std::string& name, const std::vector<float>& values, std::vector<int64_t> dims) {
  OnnxTensor made{name, "F32", std::move(dims), {}};
  const auto bytes = std::as_bytes(std::span(values));
  made.data.assign(bytes.begin(), bytes.end());
  return made;
}

template <typename T>
std::vector<T> values_of(const OnnxTensor& given) {
  std::vector<T> values(given.data.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), given.data.data(), given.data.size());
  return values;
}

graph::Model add_model() {
  const graph::Dimension batch = graph::symbolic_dim("batch");
  return model_of({node_of("Add", {"a", "b"}, {"sum"})},
                  {floats("a", {batch, graph::fixed_dim(2)}), floats("b", {batch, graph::fixed_dim(2)})},
                  {floats("sum", {batch, graph::fixed_dim(2)})});
}

TEST_F(OnnxModelTest, DescribesAndRunsAGraph) {
  OnnxModel model = load(add_model());
  ASSERT_EQ(model.inputs().size(), 2U);
  EXPECT_EQ(model.inputs()[0].dtype, "F32");
  EXPECT_THAT(model.inputs()[0].shape, ElementsAre(-1, 2));
  EXPECT_THAT(model.inputs()[0].symbols, ElementsAre("batch", ""));
  for (const int64_t rows : {1, 3}) {  // one compilation, any size
    const auto count = static_cast<size_t>(rows * 2);
    const std::vector<OnnxTensor> out = model.run({tensor("a", std::vector<float>(count, 1.5F), {rows, 2}),
                                                   tensor("b", std::vector<float>(count, 2.0F), {rows, 2})});
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].name, "sum");
    EXPECT_THAT(out[0].dims, ElementsAre(rows, 2));
    EXPECT_EQ(values_of<float>(out[0]), std::vector<float>(count, 3.5F));
  }
  EXPECT_EQ(model.times().compile_ms, 0);
}

TEST_F(OnnxModelTest, RefusesInputsThatDoNotFit) {
  OnnxModel model = load(add_model());
  const OnnxTensor a = tensor("a", {1, 2}, {1, 2}), b = tensor("b", {1, 2}, {1, 2});
  const auto refused = [&](const std::vector<OnnxTensor>& inputs) {
    return error_of([&] { model.run(inputs); }, ErrorCode::kInvalidArgument);
  };
  EXPECT_THAT(refused({a}), HasSubstr("input 'b' is missing"));
  EXPECT_THAT(refused({a, b, tensor("bb", {}, {0})}), HasSubstr("did you mean 'b'?"));
  EXPECT_THAT(refused({a, b, b}), HasSubstr("given twice"));
  EXPECT_THAT(refused({a, tensor("b", {1, 2}, {2, 1})}), HasSubstr("has shape [2, 1], expected [batch, 2]"));
  EXPECT_THAT(refused({a, tensor("b", {1, 2}, {2})}), HasSubstr("has shape [2]"));
  EXPECT_THAT(refused({a, tensor("b", {1, 2, 3, 4}, {2, 2})}), HasSubstr("with batch = 1"));
  EXPECT_THAT(refused({a, tensor("b", {1, 2, 3}, {1, 2})}), HasSubstr("has 12 bytes"));
  OnnxTensor half = b;
  half.dtype = "F16";
  EXPECT_THAT(refused({a, half}), HasSubstr("has dtype F16, expected F32"));
  const std::string output = error_of(
      [&] {
        model.run({a, b}, {.outputs = {"sun"}});
      },
      ErrorCode::kInvalidArgument);
  EXPECT_THAT(output, HasSubstr("did you mean 'sum'?"));
}

TEST_F(OnnxModelTest, FindsShapesThatDependOnData) {
  for (const int64_t opset : {9, 17}) {  // Slice has attributes before opset 10
    graph::Model graph =
        model_of({node_of("NonZero", {"x"}, {"places"})}, {floats("x", {graph::symbolic_dim("n")})},
                 {graph::tensor_value("places", graph::DataType::kInt64,
                                      {graph::fixed_dim(1), graph::symbolic_dim("k")})});
    graph.opset_imports = {{"", opset}};
    OnnxModel model = load(graph);
    const std::vector<OnnxTensor> out = model.run({tensor("x", {0, 3, 0, 4}, {4})});
    EXPECT_THAT(out[0].dims, ElementsAre(1, 2));
    EXPECT_THAT(values_of<int64_t>(out[0]), ElementsAre(1, 3));
    EXPECT_THAT(model.run({tensor("x", {0}, {1})})[0].dims, ElementsAre(1, 0));
  }
}

TEST_F(OnnxModelTest, RefusesAnOutputLargerThanMemory) {
  graph::Tensor shape;
  shape.name = "shape";
  shape.dtype = graph::DataType::kInt64;
  shape.dims = {2};
  const int64_t dims[] = {int64_t{1} << 31, int64_t{1} << 30};
  shape.raw_data.assign(reinterpret_cast<const char*>(dims), sizeof dims);
  graph::Model graph =
      model_of({node_of("Expand", {"x", "shape"}, {"y"})}, {floats("x", {graph::fixed_dim(1)})},
               {floats("y", {graph::symbolic_dim("a"), graph::symbolic_dim("b")})});
  graph.graph.initializers.push_back(shape);
  OnnxModel model = load(graph);
  EXPECT_THAT(error_of([&] { model.run({tensor("x", {1}, {1})}); }, ErrorCode::kOutOfMemory),
              HasSubstr("output 'y' of shape [2147483648, 1073741824]"));
}

TEST_F(OnnxModelTest, TakesAnInitializerForAnInputThatIsNotGiven) {
  graph::Model graph = add_model();
  graph::Tensor fallback;
  fallback.name = "b";
  fallback.dtype = graph::DataType::kFloat;
  fallback.dims = {1, 2};
  const float bytes[] = {10, 20};
  fallback.raw_data.assign(reinterpret_cast<const char*>(bytes), sizeof bytes);
  graph.graph.initializers.push_back(fallback);
  OnnxModel model = load(graph);
  EXPECT_TRUE(model.inputs()[1].has_default);
  const OnnxTensor a = tensor("a", {1, 2}, {1, 2});
  EXPECT_THAT(values_of<float>(model.run({a})[0]), ElementsAre(11, 22));
  EXPECT_THAT(values_of<float>(model.run({a, tensor("b", {5, 5}, {1, 2})})[0]), ElementsAre(6, 7));
  EXPECT_THAT(values_of<float>(model.run({a})[0]), ElementsAre(11, 22));
}

TEST_F(OnnxModelTest, ReadsExternalDataBesideTheFile) {
  graph::Model graph = add_model();
  graph.graph.inputs.pop_back();
  graph::Tensor weight;
  weight.name = "b";
  weight.dtype = graph::DataType::kFloat;
  weight.dims = {1, 2};
  weight.external = std::make_unique<graph::ExternalData>(graph::ExternalData{"weights.bin", 3, 8});
  graph.graph.initializers.push_back(weight);
  const float values[] = {10, 20};
  std::string bytes = "odd";
  bytes.append(reinterpret_cast<const char*>(values), sizeof values);
  const std::string path = write(graph);
  EXPECT_THAT(error_of([&] { OnnxModel::load(path); }, ErrorCode::kNotFound), HasSubstr("weight file"));
  std::ofstream(folder_ / "weights.bin", std::ios::binary) << bytes;
  const OnnxTensor a = tensor("a", {1, 2}, {1, 2});
  EXPECT_THAT(values_of<float>(OnnxModel::load(path).run({a})[0]), ElementsAre(11, 22));
  fs::resize_file(folder_ / "weights.bin", 7);
  EXPECT_THAT(error_of([&] { OnnxModel::load(path); }, ErrorCode::kCorruptData),
              HasSubstr("weight 'b' lies at bytes 3"));
  graph.graph.initializers[0].external->location = "../weights.bin";
  EXPECT_THAT(error_of([&] { load(graph); }, ErrorCode::kInvalidArgument),
              HasSubstr("leaves the model's folder"));
}

TEST_F(OnnxModelTest, RefusesWhatItDoesNotKnowByNodeAndOperator) {
  graph::Model newer = add_model();
  newer.opset_imports = {{"", 18}};
  const std::string opset = error_of([&] { load(newer); }, ErrorCode::kNotSupported);
  EXPECT_THAT(opset, HasSubstr("node 'the/Add' is operator 'Add' of opset 18; up to 17 is supported"));
  graph::Model foreign = add_model();
  foreign.graph.nodes[0].domain = "com.example";
  foreign.graph.nodes[0].op_type = "FancyAdd";
  foreign.opset_imports.push_back({"com.example", 1});
  const std::string domain = error_of([&] { load(foreign); }, ErrorCode::kNotSupported);
  EXPECT_THAT(domain, HasSubstr("node 'the/Add' is operator 'FancyAdd' of domain 'com.example'"));
  graph::Model unknown = add_model();
  unknown.graph.nodes[0].op_type = "FancyAdd";
  EXPECT_THAT(error_of([&] { load(unknown); }, ErrorCode::kInvalidArgument), HasSubstr("FancyAdd"));
  graph::Model training = add_model();
  training.graph.nodes[0].domain = "ai.onnx.preview.training";
  training.graph.nodes[0].op_type = "Adam";
  training.opset_imports.push_back({"ai.onnx.preview.training", 1});
  std::ofstream(folder_ / "no.onnx") << "this is no model";
  EXPECT_THAT(error_of([&] { OnnxModel::load((folder_ / "no.onnx").string()); }, ErrorCode::kCorruptData),
              HasSubstr(""));
  std::ofstream(folder_ / "empty.onnx").close();
  EXPECT_THAT(error_of([&] { OnnxModel::load((folder_ / "empty.onnx").string()); }, ErrorCode::kCorruptData),
              HasSubstr("no ONNX graph"));
}

// ---- ONNX's own operator tests -------------------------------------------------------------------------

constexpr const char* kCases = "/usr/share/libonnx-testdata/data";

/// A stored TensorProto; nothing for one without a dtype that safetensors has.
std::optional<OnnxTensor> read_tensor(const fs::path& path, const graph::ValueInfo& info) {
  graph::Tensor stored;
  const std::string bytes = read_bytes(path);
  graph::wire::read(graph::wire::MessageReader(bytes), stored);
  // NumPy has no bfloat16: ONNX 1.12 stores the bits under the name of uint16.
  if (info.dtype == graph::DataType::kBfloat16) stored.dtype = info.dtype;
  const std::optional<DType> dtype = dtype_from_onnx(stored.dtype);
  if (!dtype) return std::nullopt;
  OnnxTensor made{info.name, std::string(dtype_name(*dtype)), stored.dims, {}};
  const auto bytes_of_values = std::as_bytes(std::span(stored.raw_data));
  made.data.assign(bytes_of_values.begin(), bytes_of_values.end());
  return made;
}

std::vector<double> widened(const OnnxTensor& given) {
  const DType dtype = *find_dtype(given.dtype);
  std::vector<double> values;
  const auto take = [&](auto zero) {
    for (const auto value : values_of<decltype(zero)>(given)) values.push_back(static_cast<double>(value));
  };
  switch (dtype) {
    case DType::kF64:
      take(double{});
      break;
    case DType::kI64:
      take(int64_t{});
      break;
    case DType::kU64:
      take(uint64_t{});
      break;
    case DType::kI32:
      take(int32_t{});
      break;
    case DType::kU32:
      take(uint32_t{});
      break;
    case DType::kI16:
      take(int16_t{});
      break;
    case DType::kU16:
      take(uint16_t{});
      break;
    case DType::kI8:
      take(int8_t{});
      break;
    case DType::kU8:
    case DType::kBool:
      take(uint8_t{});
      break;
    default: {
      std::vector<float> wide(given.data.size() / dtype_size(dtype));
      widen_to_float(dtype, given.data, wide);
      values.assign(wide.begin(), wide.end());
    }
  }
  return values;
}

std::string difference(const OnnxTensor& found, const OnnxTensor& expected) {
  if (found.dtype != expected.dtype || found.dims != expected.dims) return "another dtype or shape";
  const std::vector<double> a = widened(found), e = widened(expected);
  for (size_t i = 0; i < e.size(); ++i) {
    const bool both_nan = std::isnan(a[i]) && std::isnan(e[i]);
    if (a[i] == e[i] || both_nan) continue;
    if (!(std::fabs(a[i] - e[i]) <= 1e-7 + 1e-3 * std::fabs(e[i])))
      return fmt::format("element {} is {} instead of {}", i, a[i], e[i]);
  }
  return "";
}

/// "" when it passes; nothing for a case that tensors of fixed-size elements cannot express.
std::optional<std::string> run_case(const fs::path& folder) {
  const graph::Model graph = graph::read_model(read_bytes(folder / "model.onnx"));
  std::vector<OnnxTensor> inputs, expected;
  const fs::path data = folder / "test_data_set_0";
  const auto read_all = [&](const char* kind, const std::vector<graph::ValueInfo>& infos,
                            std::vector<OnnxTensor>& tensors) {
    for (size_t i = 0; i < infos.size(); ++i) {
      const fs::path file = data / fmt::format("{}_{}.pb", kind, i);
      if (!infos[i].unknown_type.empty()) return false;
      if (!fs::exists(file)) break;
      std::optional<OnnxTensor> read = read_tensor(file, infos[i]);
      if (!read) return false;
      tensors.push_back(std::move(*read));
    }
    return true;
  };
  if (!read_all("input", graph.graph.inputs, inputs) || !read_all("output", graph.graph.outputs, expected))
    return std::nullopt;
  try {
    const std::vector<OnnxTensor> found = OnnxModel::load((folder / "model.onnx").string()).run(inputs);
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::string text = difference(found[i], expected[i]);
      if (!text.empty()) return fmt::format("output {}: {}", i, text);
    }
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

/// Names of the cases that the executor's own test lists as failing, with reasons.
std::set<std::string> listed_cases() {
  const char* data = std::getenv("TESSERA_TEST_DATA");
  std::ifstream file(fs::path(data ? data : ".") / "plugins/cpu/executor/onnx_unsupported.txt");
  std::set<std::string> names;
  for (std::string line; std::getline(file, line);) names.insert(line.substr(0, line.find(": ")));
  return names;
}

TEST(OnnxCases, RunThroughThePlugin) {
  if (!fs::exists(kCases)) GTEST_SKIP() << "Debian's package libonnx-testdata is missing";
  const std::set<std::string> listed = listed_cases();
  const OnnxModel keeps_plugins_loaded = OnnxModel::load(fmt::format("{}/node/test_add/model.onnx", kCases));
  size_t passed = 0, without_tensors = 0;
  for (const char* suite : {"node", "simple", "pytorch-operator", "pytorch-converted"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(kCases) / suite)) {
      const std::string name = fmt::format("{}/{}", suite, entry.path().filename().string());
      if (listed.count(name)) continue;
      const std::optional<std::string> why = run_case(entry.path());
      without_tensors += !why;
      passed += why == "";
      EXPECT_EQ(why.value_or(""), "") << name;
    }
  }
  fmt::print("{} cases pass, {} have sequences or strings\n", passed, without_tensors);
  EXPECT_GT(passed, 1000U);
}

}  // namespace
}  // namespace tessera
