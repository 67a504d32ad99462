#include "kernel.hpp"

#include <fmt/format.h>

namespace tessera::exec {
namespace {

const char* type_name(graph::AttributeType type) {
  switch (type) {
    case graph::AttributeType::kFloat:
      return "a float";
    case graph::AttributeType::kInt:
      return "an int";
    case graph::AttributeType::kString:
      return "a string";
    case graph::AttributeType::kTensor:
      return "a tensor";
    case graph::AttributeType::kGraph:
      return "a graph";
    case graph::AttributeType::kFloats:
      return "floats";
    case graph::AttributeType::kInts:
      return "ints";
    case graph::AttributeType::kStrings:
      return "strings";
    default:
      return "of another type";
  }
}

std::string key_of(std::string_view domain, std::string_view op_type) {
  return fmt::format("{}:{}", domain == "ai.onnx" ? "" : domain, op_type);
}

}  // namespace

const graph::Attribute* NodeSpec::find(std::string_view name) const {
  for (const graph::Attribute& attribute : node_.attributes)
    if (attribute.name == name) return &attribute;
  return nullptr;
}

const graph::Attribute* NodeSpec::find(std::string_view name, graph::AttributeType type) const {
  const graph::Attribute* attribute = find(name);
  if (!attribute) return nullptr;
  if (!attribute->ref_attr_name.empty())
    fail(fmt::format("attribute '{}' refers to '{}' of a function call; inline the function first", name,
                     attribute->ref_attr_name));
  if (attribute->type != type)
    fail(fmt::format("attribute '{}' is {}, expected {}", name, type_name(attribute->type), type_name(type)));
  return attribute;
}

const graph::Attribute& NodeSpec::require(std::string_view name, graph::AttributeType type) const {
  const graph::Attribute* attribute = find(name, type);
  if (!attribute) fail(fmt::format("attribute '{}' is missing", name));
  return *attribute;
}

int64_t NodeSpec::get_int(std::string_view name) const {
  return require(name, graph::AttributeType::kInt).i;
}

int64_t NodeSpec::get_int(std::string_view name, int64_t fallback) const {
  const graph::Attribute* attribute = find(name, graph::AttributeType::kInt);
  return attribute ? attribute->i : fallback;
}

float NodeSpec::get_float(std::string_view name) const {
  return require(name, graph::AttributeType::kFloat).f;
}

float NodeSpec::get_float(std::string_view name, float fallback) const {
  const graph::Attribute* attribute = find(name, graph::AttributeType::kFloat);
  return attribute ? attribute->f : fallback;
}

std::string NodeSpec::get_string(std::string_view name, std::string_view fallback) const {
  const graph::Attribute* attribute = find(name, graph::AttributeType::kString);
  return attribute ? attribute->s : std::string(fallback);
}

std::vector<int64_t> NodeSpec::get_ints(std::string_view name) const {
  const graph::Attribute* attribute = find(name, graph::AttributeType::kInts);
  return attribute ? attribute->ints : std::vector<int64_t>();
}

std::vector<float> NodeSpec::get_floats(std::string_view name) const {
  const graph::Attribute* attribute = find(name, graph::AttributeType::kFloats);
  return attribute ? attribute->floats : std::vector<float>();
}

std::vector<std::string> NodeSpec::get_strings(std::string_view name) const {
  const graph::Attribute* attribute = find(name, graph::AttributeType::kStrings);
  return attribute ? attribute->strings : std::vector<std::string>();
}

const graph::Tensor* NodeSpec::get_tensor(std::string_view name) const {
  const graph::Attribute* attribute = find(name, graph::AttributeType::kTensor);
  return attribute && !attribute->tensors.empty() ? &attribute->tensors[0] : nullptr;
}

const graph::Graph& NodeSpec::get_graph(std::string_view name) const {
  const graph::Attribute& attribute = require(name, graph::AttributeType::kGraph);
  if (attribute.graphs.empty()) fail(fmt::format("attribute '{}' holds no graph", name));
  return attribute.graphs[0];
}

std::optional<Dims> NodeSpec::constant_dims(size_t i) const {
  const Tensor* tensor = constant(i);
  return tensor ? std::optional<Dims>(read_dims(tensor->aligned())) : std::nullopt;
}

void NodeSpec::consume(size_t i) {
  if (!constant(i)) fail(fmt::format("input {} is no constant, so it cannot be consumed", i));
  consumed_.resize(std::max(consumed_.size(), i + 1));
  consumed_[i] = true;
}

void NodeSpec::accepts_unaligned(size_t i) {
  unaligned_.resize(std::max(unaligned_.size(), i + 1));
  unaligned_[i] = true;
}

void NodeSpec::set_constant_output(size_t i, Tensor tensor) {
  constant_outputs_.resize(std::max(constant_outputs_.size(), i + 1));
  constant_outputs_[i] = std::move(tensor);
}

void NodeSpec::expect_inputs(size_t least, size_t most) const {
  if (input_count() > most) fail(fmt::format("{} inputs, at most {} expected", input_count(), most));
  for (size_t i = 0; i < least; ++i)
    if (!has_input(i)) fail(fmt::format("input {} is missing", i));
}

void NodeSpec::fail(std::string message) const {
  throw Error(ErrorCode::kInvalidArgument, std::move(message));
}

void NodeSpec::fail_unsupported(std::string message) const {
  throw Error(ErrorCode::kNotSupported, std::move(message));
}

void KernelRegistry::add(std::string_view domain, std::string_view op_type, int64_t since,
                         KernelCompiler compiler) {
  std::vector<Version>& versions = operators_[key_of(domain, op_type)];
  auto place =
      std::find_if(versions.begin(), versions.end(), [&](const Version& v) { return v.since >= since; });
  if (place != versions.end() && place->since == since) {
    place->compiler = compiler;
  } else {
    versions.insert(place, {since, compiler});
  }
}

KernelCompiler KernelRegistry::find(std::string_view domain, std::string_view op_type,
                                    int64_t version) const {
  auto found = operators_.find(key_of(domain, op_type));
  if (found == operators_.end()) return nullptr;
  KernelCompiler compiler = nullptr;
  for (const Version& candidate : found->second)
    if (candidate.since <= version) compiler = candidate.compiler;
  return compiler;
}

Dims read_dims(const Tensor& tensor) {
  if (tensor.rank() > 1)
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a list is expected, found shape {}", tensor.dims().text()));
  Dims result;
  if (tensor.dtype() == DataType::kInt32) {
    for (int64_t i = 0; i < tensor.size(); ++i) result.push_back(tensor.data<int32_t>()[i]);
  } else {
    const int64_t* values = tensor.data<int64_t>();
    result.append(values, values + tensor.size());
  }
  return result;
}

int64_t read_integer(const Tensor& tensor) {
  if (tensor.size() != 1)
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("one element is expected, found shape {}", tensor.dims().text()));
  int64_t result = 0;
  dispatch_integer(tensor.dtype(), [&](auto type) {
    using T = decltype(type);
    result = static_cast<int64_t>(+*tensor.data<T>());  // + makes a number of int8
  });
  return result;
}

}  // namespace tessera::exec
