/// An ONNX model as plain C++ values: what the SDK builds, reads, rewrites and writes without protobuf.
///
/// The types mirror onnx.proto (IR version 8) field for field, under the field's names; messages that a type
/// does not know are kept as bytes in `unknown_fields` and written back, so that a transform loses nothing.
/// Everything is a value: copying a Model copies it whole (without weights, which are external data). No
/// function here is thread-safe on one object; distinct objects are independent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera::graph {

/// Element types, numbered as TensorProto.DataType (and TSR_* in abi.h).
enum class DataType : int32_t {
  kUndefined = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBfloat16 = 16,
};

/// Where a tensor's bytes lie outside the model. `location` is relative to the model's base directory.
struct ExternalData {
  std::string location;
  uint64_t offset = 0;  ///< bytes; may be odd
  uint64_t length = 0;  ///< bytes
};

struct Tensor {
  std::string name;
  DataType dtype = DataType::kUndefined;
  std::vector<int64_t> dims;  ///< empty: a scalar
  std::string
      raw_data;  ///< little-endian, row-major; typed fields (float_data, ...) are folded in here on reading
  std::vector<std::string> string_data;    ///< for kString
  std::unique_ptr<ExternalData> external;  ///< set: the bytes lie elsewhere and raw_data is empty
  std::string doc_string;
  std::string unknown_fields;

  Tensor() = default;
  Tensor(const Tensor& other) { *this = other; }
  Tensor(Tensor&&) = default;
  Tensor& operator=(Tensor&&) = default;
  Tensor& operator=(const Tensor& other) {
    if (this == &other) return *this;
    name = other.name;
    dtype = other.dtype;
    dims = other.dims;
    raw_data = other.raw_data;
    string_data = other.string_data;
    external = other.external ? std::make_unique<ExternalData>(*other.external) : nullptr;
    doc_string = other.doc_string;
    unknown_fields = other.unknown_fields;
    return *this;
  }
};

struct Graph;

/// AttributeProto.AttributeType. Other numbers (sparse tensors, types) are kept; their values are unknown
/// fields.
enum class AttributeType : int32_t {
  kUndefined = 0,
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kGraph = 5,
  kFloats = 6,
  kInts = 7,
  kStrings = 8,
  kTensors = 9,
  kGraphs = 10,
};

struct Attribute {
  std::string name;
  AttributeType type = AttributeType::kUndefined;
  std::string ref_attr_name;  ///< inside a function body: take the value of this attribute of the call
  float f = 0;
  int64_t i = 0;
  std::string s;
  std::vector<Tensor> tensors;  ///< kTensor: exactly one
  std::vector<Graph> graphs;    ///< kGraph: exactly one
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::string doc_string;
  std::string unknown_fields;
};

/// One dimension: a number, a symbol, or neither (unknown).
struct Dimension {
  int64_t value = -1;      ///< >= 0: known
  std::string symbol;      ///< "batch"; empty when `value` is known or nothing is
  std::string denotation;  ///< "DATA_BATCH"; hardly ever used
};

/// Name and type of a value. Only tensor types are modelled; others stay in `unknown_type` as bytes.
struct ValueInfo {
  std::string name;
  DataType dtype = DataType::kUndefined;
  bool has_shape = false;
  std::vector<Dimension> shape;
  std::string doc_string;
  std::string denotation;  ///< of the type: "TENSOR", "IMAGE"; hardly ever used
  std::string
      unknown_type;  ///< a TypeProto that is no tensor type, as bytes; written instead of dtype and shape
  std::string unknown_fields;
};

struct Node {
  std::string op_type;
  std::string domain;               ///< "" is ai.onnx; "tessera" holds our functions
  std::string name;                 ///< a path: "layers.7/attention/q_proj"
  std::vector<std::string> inputs;  ///< "" = omitted optional input
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;
  std::string doc_string;  ///< provenance: "plugin=llama" or "plugin=llama pass=kv-cache"
  std::string unknown_fields;
};

struct Graph {
  std::string name;
  std::vector<Node> nodes;  ///< in topological order
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> value_info;
  std::string doc_string;
  std::string unknown_fields;  ///< sparse initializers, quantization annotations
};

struct OpsetId {
  std::string domain;
  int64_t version = 0;
};

/// A local function (FunctionProto).
struct Function {
  std::string name;
  std::string domain;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> attributes;  ///< names; every call writes each of them
  std::vector<Node> nodes;
  std::vector<OpsetId> opset_imports;
  std::string doc_string;
  std::string unknown_fields;
};

struct Model {
  int64_t ir_version = 8;
  std::vector<OpsetId> opset_imports;
  std::string producer_name;
  std::string producer_version;
  std::string domain;
  int64_t model_version = 0;
  std::string doc_string;
  std::vector<std::pair<std::string, std::string>> metadata_props;
  Graph graph;
  std::vector<Function> functions;
  std::string unknown_fields;
};

}  // namespace tessera::graph
