// What read_model and write_model say of a model is what libonnx says of it.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "onnx_protos.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::graph {
namespace {

std::string file_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Through our types and back, nothing is lost that libonnx can see.
void expect_round_trip(const std::string& bytes, const std::string& name) {
  const std::string written = write_model(read_model(bytes));
  EXPECT_TRUE(normal_bytes(parse(written)) == normal_bytes(parse(bytes))) << name;
  EXPECT_TRUE(write_model(read_model(written)) == written) << name;
}

TEST(WireRoundTrip, KeepsEveryFieldOfEveryMessage) {
  expect_round_trip(model_with_everything().SerializeAsString(), "everything");
}

TEST(WireRoundTrip, WritesTheBytesThatProtobufWrites) {
  onnx::ModelProto model = model_with_everything();
  graph::normalise(model);
  // Unknown messages come last here and among the others there; libonnx's own reading puts them in order
  // again.
  EXPECT_TRUE(parse(write_model(read_model(model.SerializeAsString()))).SerializeAsString() ==
              model.SerializeAsString());
}

TEST(WireRoundTrip, HoldsForEveryModelOfOnnxsOwnTests) {
  const std::filesystem::path folder = "/usr/share/libonnx-testdata/data";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "package libonnx-testdata is not installed";
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename() != "model.onnx") continue;
    expect_round_trip(file_bytes(entry.path()), entry.path().string());
    ++count;
  }
  EXPECT_GT(count, 500);
}

TEST(WireReading, FoldsTypedFieldsIntoRawData) {
  const Model model = read_model(model_with_everything().SerializeAsString());
  const auto raw = [&](DataType dtype) {
    for (const Tensor& tensor : model.graph.initializers) {
      if (tensor.dtype == dtype) return tensor.raw_data;
    }
    return std::string("no such tensor");
  };
  EXPECT_EQ(raw(DataType::kInt16), std::string("\xfe\xff\x61\x00", 4));
  EXPECT_EQ(raw(DataType::kBool), std::string("\x01\x00", 2));
  EXPECT_EQ(raw(DataType::kFloat), std::string("\x00\x00\x20\x40", 4));
  EXPECT_EQ(raw(DataType::kUint32), std::string("\xfe\xff\xff\xff", 4));
  EXPECT_EQ(raw(DataType::kInt64).size(), 8u);
  EXPECT_EQ(raw(DataType::kComplex128).size(), 8u);
}

TEST(WireReading, FindsExternalDataAndKeepsItsOtherEntries) {
  const Model model = read_model(model_with_everything().SerializeAsString());
  for (const Tensor& tensor : model.graph.initializers) {
    if (tensor.name != "external") continue;
    ASSERT_NE(tensor.external, nullptr);
    EXPECT_EQ(tensor.external->location, "model-00001-of-00002.safetensors");
    EXPECT_EQ(tensor.external->offset, 12345678901u);
    EXPECT_EQ(tensor.external->length, 4u);
    EXPECT_NE(tensor.unknown_fields.find("0badf00d"), std::string::npos);
    return;
  }
  FAIL() << "no external tensor";
}

TEST(WireReading, ComputesTheLengthThatExternalDataDoesNotState) {
  onnx::ModelProto model;
  auto& tensor = *model.mutable_graph()->add_initializer();
  tensor.set_data_type(onnx::TensorProto::FLOAT16);
  for (const int64_t dim : {3, 5}) tensor.add_dims(dim);
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  auto& entry = *tensor.add_external_data();
  entry.set_key("location");
  entry.set_value("weights.bin");
  const Model read = read_model(model.SerializeAsString());
  EXPECT_EQ(read.graph.initializers.at(0).external->length, 30u);
}

TEST(WireReading, InfersTheTypeOfAnAttributeThatStatesNone) {
  onnx::ModelProto model;
  auto& attribute = *model.mutable_graph()->add_node()->add_attribute();
  attribute.set_name("axis");
  attribute.set_i(0);
  const Model read = read_model(model.SerializeAsString());
  EXPECT_EQ(read.graph.nodes.at(0).attributes.at(0).type, AttributeType::kInt);
}

TEST(WireReading, TakesPackedNumbersToo) {
  // dims [2, 300] and ints [1, -1], each in one length-delimited field, as proto3 writers give them.
  const std::string tensor("\x0a\x03\x02\xac\x02", 5);
  const std::string ints("\x42\x0b\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13);
  const std::string attribute = std::string("\x0a\x01p\xa0\x01\x07", 6) + ints;
  const std::string node = std::string("\x2a") + static_cast<char>(attribute.size()) + attribute;
  const std::string graph =
      std::string("\x0a") + static_cast<char>(node.size()) + node + std::string("\x2a\x05") + tensor;
  const Model model = read_model(std::string("\x3a") + static_cast<char>(graph.size()) + graph);
  EXPECT_EQ(model.graph.initializers.at(0).dims, (std::vector<int64_t>{2, 300}));
  EXPECT_EQ(model.graph.nodes.at(0).attributes.at(0).ints, (std::vector<int64_t>{1, -1}));
}

TEST(WireWriting, WritesZeroAttributeValuesBecauseTheCheckerWantsOne) {
  Model model;
  model.graph.nodes.resize(1);
  Attribute& attribute = model.graph.nodes[0].attributes.emplace_back();
  attribute.name = "axis";
  attribute.type = AttributeType::kInt;
  EXPECT_TRUE(parse(write_model(model)).graph().node(0).attribute(0).has_i());
}

TEST(WireWriting, RefusesATensorAttributeWithoutATensor) {
  Model model;
  model.graph.nodes.resize(1);
  Attribute& attribute = model.graph.nodes[0].attributes.emplace_back();
  attribute.name = "value";
  attribute.type = AttributeType::kTensor;
  try {
    write_model(model);
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "attribute 'value' holds 0 values, its type needs one");
  }
}

}  // namespace
}  // namespace tessera::graph
