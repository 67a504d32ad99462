/// Makes attributes of each type that standard operators and functions of domain `tessera` take.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

inline Attribute attribute_of_type(std::string name, AttributeType type) {
  Attribute attribute;
  attribute.name = std::move(name);
  attribute.type = type;
  return attribute;
}

inline Attribute int_attribute(std::string name, int64_t value) {
  Attribute attribute = attribute_of_type(std::move(name), AttributeType::kInt);
  attribute.i = value;
  return attribute;
}

inline Attribute float_attribute(std::string name, float value) {
  Attribute attribute = attribute_of_type(std::move(name), AttributeType::kFloat);
  attribute.f = value;
  return attribute;
}

inline Attribute ints_attribute(std::string name, std::vector<int64_t> values) {
  Attribute attribute = attribute_of_type(std::move(name), AttributeType::kInts);
  attribute.ints = std::move(values);
  return attribute;
}

inline Attribute string_attribute(std::string name, std::string value) {
  Attribute attribute = attribute_of_type(std::move(name), AttributeType::kString);
  attribute.s = std::move(value);
  return attribute;
}

inline Attribute tensor_attribute(std::string name, Tensor value) {
  Attribute attribute = attribute_of_type(std::move(name), AttributeType::kTensor);
  attribute.tensors.push_back(std::move(value));
  return attribute;
}

/// Inside a function body: the attribute `name` of this node is the call's attribute `from`.
inline Attribute attribute_ref(std::string name, AttributeType type, std::string from) {
  Attribute attribute = attribute_of_type(std::move(name), type);
  attribute.ref_attr_name = std::move(from);
  return attribute;
}

}  // namespace tessera::graph
