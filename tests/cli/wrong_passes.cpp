/// Passes that break a model on purpose; `tessera verify` must find where.
#include <cstdint>
#include <string>
#include <vector>

#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/plugin.hpp"

namespace {

namespace graph = tessera::graph;
namespace sdk = tessera::sdk;

graph::Node& node_named(graph::Model& model, const std::string& name) {
  for (graph::Node& node : model.graph.nodes) {
    if (node.name == name) return node;
  }
  throw tessera::Error(tessera::ErrorCode::kNotFound, "no node '" + name + "'").key("node");
}

/// Replaces the epsilon of one norm by 1.
class ChangeEpsilon : public sdk::Transform {
 public:
  std::string id() const override { return "change-epsilon"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "gives one norm a wrong epsilon"; }
  std::vector<sdk::OptionInfo> options() const override {
    return {{"node", sdk::ValueType::kText, "", "name of the norm"}};
  }
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override {
    graph::Node& node = node_named(model, args.options.text("node"));
    for (graph::Attribute& attribute : node.attributes) {
      if (attribute.type == graph::AttributeType::kFloat) attribute.f = 1;
    }
    graph::append_pass(node, id());
    return true;
  }
};

/// Puts a new node behind another that makes its output half as large: readers get the new value.
class HalveOutput : public sdk::Transform {
 public:
  std::string id() const override { return "halve-output"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "halves what one node gives"; }
  std::vector<sdk::OptionInfo> options() const override {
    return {{"node", sdk::ValueType::kText, "", "name of the node"}};
  }
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override {
    const std::string before = node_named(model, args.options.text("node")).outputs[0],
                      after = before + "/halved";
    for (graph::Node& reader : model.graph.nodes) {
      for (std::string& input : reader.inputs) {
        if (input == before) input = after;
      }
    }
    model.graph.initializers.push_back(half());
    graph::Node node;
    node.op_type = "Mul";
    node.name = args.options.text("node") + "/halve";
    node.inputs = {before, "one_half"};
    node.outputs = {after};
    node.doc_string = "plugin=wrong-passes pass=halve-output";
    model.graph.nodes.push_back(node);
    graph::ValueInfo info = *graph::find_value(model.graph, before);
    info.name = after;
    model.graph.value_info.push_back(info);
    graph::sort_topologically(model.graph);
    return true;
  }

 private:
  static graph::Tensor half() {
    graph::Tensor tensor;
    tensor.name = "one_half";
    tensor.dtype = graph::DataType::kFloat;
    tensor.raw_data = std::string("\0\0\0\x3f", 4);
    return tensor;
  }
};

}  // namespace

TESSERA_PLUGIN("wrong-passes", "0.1.0", "Apache-2.0", "Tessera", sdk::transform<ChangeEpsilon>(),
               sdk::transform<HalveOutput>())
