/// Small graphs for tests, written in a line each.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/graph.hpp"

namespace tessera::exec {

inline graph::ValueInfo value(std::string name, graph::DataType dtype = graph::DataType::kUndefined) {
  graph::ValueInfo info;
  info.name = std::move(name);
  info.dtype = dtype;
  return info;
}

inline graph::Node node(std::string op_type, std::vector<std::string> inputs,
                        std::vector<std::string> outputs) {
  graph::Node result;
  result.op_type = std::move(op_type);
  result.name = fmt::format("node/{}", outputs[0]);
  result.inputs = std::move(inputs);
  result.outputs = std::move(outputs);
  return result;
}

inline graph::Attribute int_attribute(std::string name, int64_t i) {
  graph::Attribute result;
  result.name = std::move(name);
  result.type = graph::AttributeType::kInt;
  result.i = i;
  return result;
}

inline graph::Attribute graph_attribute(std::string name, graph::Graph body) {
  graph::Attribute result;
  result.name = std::move(name);
  result.type = graph::AttributeType::kGraph;
  result.graphs.push_back(std::move(body));
  return result;
}

inline graph::Graph graph_of(std::vector<std::string> inputs, std::vector<graph::Node> nodes,
                             std::vector<std::string> outputs) {
  graph::Graph result;
  for (std::string& name : inputs) result.inputs.push_back(value(std::move(name)));
  result.nodes = std::move(nodes);
  for (std::string& name : outputs) result.outputs.push_back(value(std::move(name)));
  return result;
}

inline graph::Model model_of(graph::Graph graph, int64_t opset = 17) {
  graph::Model result;
  result.opset_imports.push_back({"", opset});
  result.opset_imports.push_back({"tessera", 1});
  result.graph = std::move(graph);
  return result;
}

}  // namespace tessera::exec
