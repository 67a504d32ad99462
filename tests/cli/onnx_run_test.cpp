/// onnx-run as a user meets it: tensors of a file in, tensors and a summary out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <fstream>

#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;

constexpr int kUsage = 2, kBadInput = 3, kNotFound = 4;

/// A graph out = Sub(a, b) over [n], and a file with its inputs.
class OnnxRun : public testing::Test {
 protected:
  OnnxRun() {
    graph::Node node;
    node.op_type = "Sub";
    node.name = "minus";
    node.inputs = {"a", "b"};
    node.outputs = {"out"};
    model_.opset_imports = {{"", 17}};
    model_.graph.name = "test";
    model_.graph.nodes = {node};
    const auto floats = [](const char* name) {
      return graph::tensor_value(name, graph::DataType::kFloat, {graph::symbolic_dim("n")});
    };
    model_.graph.inputs = {floats("a"), floats("b")};
    model_.graph.outputs = {floats("out")};
    write_inputs({"a", "b"});
  }

  std::string path(const char* name) const { return (folder_.path() / name).string(); }

  void write_inputs(const std::vector<std::string>& names) {
    SafetensorsWriter writer(path("in.safetensors"));
    const std::vector<float> values = {1, 2, 3};
    for (const std::string& name : names) writer.declare(name, DType::kF32, {3});
    for (size_t i = 0; i < names.size(); ++i) writer.append_floats(values);
    writer.finish();
  }

  Finished run(const std::vector<std::string>& more = {}) {
    std::ofstream(path("graph.onnx"), std::ios::binary) << graph::write_model(model_);
    std::vector<std::string> args = {"onnx-run", path("graph.onnx"),     "--inputs", path("in.safetensors"),
                                     "-o",       path("out.safetensors")};
    args.insert(args.end(), more.begin(), more.end());
    return run_tessera(args);
  }

  TemporaryFolder folder_;
  graph::Model model_;
};

TEST_F(OnnxRun, WritesTheOutputsAndASummary) {
  const Finished done = run({"--json"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const json::value summary = json::parse(done.out);
  EXPECT_EQ(summary.at("file").as_string(), path("out.safetensors"));
  EXPECT_EQ(summary.at("outputs").at("out").at("dtype").as_string(), "F32");
  EXPECT_EQ(summary.at("outputs").at("out").at("shape"), json::value(json::array{3}));
  EXPECT_EQ(SafetensorsFile::open(path("out.safetensors")).floats("out"), (std::vector<float>{0, 0, 0}));
  const Finished plain = run();
  EXPECT_EQ(plain.out, "");
  EXPECT_THAT(plain.err, HasSubstr("out F32 [3]"));
}

TEST_F(OnnxRun, RefusesWithTheReasonAndWritesNothing) {
  const auto refused = [&](const Finished& done, int code) {
    EXPECT_EQ(done.exit_code, code) << done.err;
    EXPECT_EQ(done.out, "");
    EXPECT_FALSE(std::filesystem::exists(path("out.safetensors")));
    return done.err;
  };
  write_inputs({"a", "c"});
  EXPECT_THAT(refused(run(), kBadInput), HasSubstr("input 'c' is not an input of the graph"));
  write_inputs({"a"});
  EXPECT_THAT(refused(run(), kBadInput), HasSubstr("input 'b' is missing"));
  write_inputs({"a", "b"});
  EXPECT_THAT(refused(run({"--backend", "gpu"}), kNotFound), HasSubstr("gpu"));
  model_.opset_imports = {{"", 18}};
  EXPECT_THAT(refused(run(), kBadInput), HasSubstr("node 'minus' is operator 'Sub' of opset 18"));
  EXPECT_EQ(run_tessera({"onnx-run", path("graph.onnx")}).exit_code, kUsage);
  EXPECT_EQ(run_tessera({"onnx-run", path("none.onnx"), "-o", path("out.safetensors")}).exit_code, kNotFound);
}

// Rounding, signs of remainders, casts out of range, subnormals: what programs of this kind get wrong.
TEST(OnnxRunCase, RoundsDividesAndCastsAsOnnxSays) {
  const fs::path folder = test_data() / "cases" / "090-rounding-and-division";
  const TemporaryFolder out;
  const std::string written = (out.path() / "out.safetensors").string();
  const Finished run = run_tessera({"onnx-run", (folder / "model.onnx").string(), "--inputs",
                                    (folder / "in.safetensors").string(), "-o", written});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const SafetensorsFile expected = SafetensorsFile::open(folder / "expected.safetensors"),
                        actual = SafetensorsFile::open(written);
  EXPECT_EQ(actual.tensors().size(), expected.tensors().size());
  for (const StoredTensor& tensor : expected.tensors()) {
    const StoredTensor* found = actual.find_tensor(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->dtype, tensor.dtype) << tensor.name;
    EXPECT_EQ(found->dims, tensor.dims) << tensor.name;
    if (tensor.dtype != DType::kF32) {
      EXPECT_THAT(actual.bytes(*found), testing::ElementsAreArray(expected.bytes(tensor))) << tensor.name;
      continue;
    }
    const std::vector<float> a = actual.floats(tensor.name), b = expected.floats(tensor.name);
    for (size_t i = 0; i < b.size(); ++i) {
      const bool same = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) ||
                        std::fabs(a[i] - b[i]) <= 1e-6F * std::fabs(b[i]);
      EXPECT_TRUE(same) << tensor.name << '[' << i << "]: " << a[i] << ", expected " << b[i];
    }
  }
}

}  // namespace
}  // namespace tessera::test
