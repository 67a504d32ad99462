/// Small graphs for tests, written so that a test reads like the graph; and golden texts.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/graph/print.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::graph::testing_graph {

using Names = std::vector<std::string>;

inline Node node(std::string name, std::string op, Names inputs, Names outputs,
                 std::vector<Attribute> attributes = {}) {
  Node result;
  const size_t dot = op.find('.');
  if (dot != std::string::npos) result.domain = op.substr(0, dot);
  result.op_type = dot == std::string::npos ? op : op.substr(dot + 1);
  result.name = std::move(name);
  result.inputs = std::move(inputs);
  result.outputs = std::move(outputs);
  result.attributes = std::move(attributes);
  result.doc_string = "plugin=test";
  return result;
}

inline Attribute int_attr(std::string_view name, int64_t value) {
  Attribute attribute;
  attribute.name = name;
  attribute.type = AttributeType::kInt;
  attribute.i = value;
  return attribute;
}

inline Attribute float_attr(std::string_view name, float value) {
  Attribute attribute;
  attribute.name = name;
  attribute.type = AttributeType::kFloat;
  attribute.f = value;
  return attribute;
}

inline Attribute ref_attr(std::string_view name, std::string_view refers_to, AttributeType type) {
  Attribute attribute;
  attribute.name = name;
  attribute.type = type;
  attribute.ref_attr_name = refers_to;
  return attribute;
}

inline Attribute graph_attr(std::string_view name, Graph graph) {
  Attribute attribute;
  attribute.name = name;
  attribute.type = AttributeType::kGraph;
  attribute.graphs.push_back(std::move(graph));
  return attribute;
}

/// `type("x", kFloat, {"batch", "8"})`: digits are a fixed dimension, "?" an unknown one, else a symbol.
inline ValueInfo type(std::string_view name, DataType dtype, const Names& dims) {
  std::vector<Dimension> shape;
  for (const std::string& dim : dims) {
    const bool fixed = dim.find_first_not_of("0123456789") == std::string::npos;
    shape.push_back(fixed ? fixed_dim(std::atoll(dim.c_str())) : symbolic_dim(dim == "?" ? "" : dim));
  }
  return tensor_value(name, dtype, std::move(shape));
}

inline Function function(std::string qualified, Names inputs, Names outputs, std::vector<Node> nodes,
                         Names attributes = {}) {
  Function result;
  const size_t dot = qualified.find('.');
  result.domain = qualified.substr(0, dot);
  result.name = qualified.substr(dot + 1);
  result.inputs = std::move(inputs);
  result.outputs = std::move(outputs);
  result.attributes = std::move(attributes);
  result.nodes = std::move(nodes);
  for (Node& inner : result.nodes) inner.doc_string.clear();
  result.opset_imports = {{"", 17}};
  return result;
}

inline Model model(std::vector<ValueInfo> inputs, std::vector<Node> nodes, std::vector<ValueInfo> outputs,
                   std::vector<Function> functions = {}) {
  Model result;
  result.opset_imports = {{"", 17}};
  for (const Function& function : functions) {
    if (opset_version(result.opset_imports, function.domain) == 0) {
      result.opset_imports.push_back({function.domain, 1});
    }
  }
  result.graph.name = "test";
  result.graph.inputs = std::move(inputs);
  result.graph.nodes = std::move(nodes);
  result.graph.outputs = std::move(outputs);
  result.functions = std::move(functions);
  return result;
}

/// The Error that `action` throws; a test failure and an empty Error when it throws none.
template <typename Action>
Error error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error(ErrorCode::kInternal, "no error");
}

inline std::string golden_path(const std::string& name) {
  const char* root = std::getenv("TESSERA_TEST_DATA");
  return std::string(root ? root : "tests") + "/golden/transforms/" + name;
}

}  // namespace tessera::graph::testing_graph

/// Compares `actual` with tests/golden/transforms/NAME. With TESSERA_ACCEPT=1 in the environment the file is
/// rewritten and the test reports "skipped": a rewrite never looks like a pass.
#define EXPECT_GOLDEN(actual, name)                                                                    \
  do {                                                                                                 \
    const std::string golden_file = ::tessera::graph::testing_graph::golden_path(name);                \
    const std::string golden_text = (actual);                                                          \
    if (const char* accept = std::getenv("TESSERA_ACCEPT"); accept && *accept == '1') {                \
      std::ofstream(golden_file, std::ios::binary) << golden_text;                                     \
      GTEST_SKIP() << "accepted " << golden_file;                                                      \
    }                                                                                                  \
    std::ifstream golden_in(golden_file, std::ios::binary);                                            \
    ASSERT_TRUE(golden_in) << "no file " << golden_file << ", make it with TESSERA_ACCEPT=1";          \
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(golden_in), {}), golden_text) << golden_file; \
  } while (false)
