#include "tabulate_rotary.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "node_writer.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/metadata.hpp"

namespace tessera::transforms {

using graph::Model;
using graph::Node;

namespace {

constexpr const char* kTabulateRotary = "tabulate-rotary";

void refuse_scaling(const Node& node, const char* scaling) {
  throw Error(ErrorCode::kNotSupported, "tabulate-rotary: rope scaling '" + std::string(scaling) +
                                            "' depends on the length of the sequence, not on the position "
                                            "alone: no table of positions can hold it")
      .node(graph::describe(node))
      .key("rope_scaling")
      .remedy("run this model on a backend that takes rope_length, such as cpu");
}

std::vector<float> frequencies(const Model& model, const Node& call) {
  for (const graph::Tensor& tensor : model.graph.initializers) {
    if (tensor.name != call.inputs.at(1)) continue;
    if (tensor.external || tensor.dtype != graph::DataType::kFloat) break;
    std::vector<float> values(tensor.raw_data.size() / sizeof(float));
    if (!values.empty()) std::memcpy(values.data(), tensor.raw_data.data(), values.size() * sizeof(float));
    return values;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "tabulate-rotary: '" + call.inputs.at(1) + "' is no table of floats inside the model")
      .node(graph::describe(call));
}

int64_t rows_of(const Model& model, const sdk::TransformArgs& args) {
  const int64_t positions = graph::metadata_int(model, graph::metadata::kMaxPositions);
  const int64_t rows = args.options.integer("rows") == 0 ? positions : args.options.integer("rows");
  if (rows >= 1 && rows <= positions) return rows;
  throw Error(ErrorCode::kInvalidArgument, "tabulate-rotary: " + std::to_string(rows) +
                                               " rows, the model has " + std::to_string(positions) +
                                               " positions")
      .key("rows")
      .remedy("choose at most as many rows as the model has positions");
}

class Tabulation {
 public:
  Tabulation(Model& model, int64_t rows) : model_(model), names_(model.graph), rows_(rows) {}

  std::vector<Node> replace(const Node& call) {
    const std::vector<float> inv_freq = frequencies(model_, call);
    const float scale = graph::float_of(call, "scale");
    NodeWriter w(model_, names_, call.name, with_pass(call.doc_string, kTabulateRotary));
    write(w, call, 0, "cos", table(inv_freq, scale, [](float angle) { return std::cos(angle); }),
          inv_freq.size());
    write(w, call, 1, "sin", table(inv_freq, scale, [](float angle) { return std::sin(angle); }),
          inv_freq.size());
    return w.take();
  }

 private:
  /// float32 throughout, as RotaryTable computes.
  template <class F>
  std::vector<float> table(const std::vector<float>& inv_freq, float scale, const F& f) const {
    std::vector<float> values;
    values.reserve(static_cast<size_t>(rows_) * inv_freq.size());
    for (int64_t position = 0; position < rows_; ++position) {
      for (const float frequency : inv_freq)
        values.push_back(f(static_cast<float>(position) * frequency) * scale);
    }
    return values;
  }

  void write(NodeWriter& w, const Node& call, size_t output, const std::string& name,
             const std::vector<float>& values, size_t width) {
    const std::string table = names_.value(call.name + "/" + name + "_table");
    model_.graph.initializers.push_back(
        graph::float_tensor(table, {rows_, static_cast<int64_t>(width)}, values));
    w.op_into(call.outputs.at(output), name, "", "Gather", {table, call.inputs.at(0)},
              {graph::int_attribute("axis", 0)});
  }

  Model& model_;
  graph::FreshNames names_;
  int64_t rows_;
};

void remove_unused_initializers(Model& model, const std::vector<std::string>& candidates) {
  const graph::ValueIndex index(model.graph);
  std::vector<graph::Tensor>& list = model.graph.initializers;
  list.erase(std::remove_if(list.begin(), list.end(),
                            [&](const graph::Tensor& tensor) {
                              return std::count(candidates.begin(), candidates.end(), tensor.name) > 0 &&
                                     index.consumers(tensor.name).empty();
                            }),
             list.end());
}

}  // namespace

std::vector<sdk::OptionInfo> TabulateRotary::options() const {
  return {{"rows", sdk::ValueType::kInt64, "0",
           "positions that the tables hold; 0: all that the model has (tessera.max_positions)"}};
}

bool TabulateRotary::apply(Model& model, const sdk::TransformArgs& args) const {
  std::vector<std::string> replaced;
  for (const Node& node : model.graph.nodes) {
    if (graph::is_tessera(node, "DynamicRotaryTable")) refuse_scaling(node, "dynamic");
    if (graph::is_tessera(node, "LongRotaryTable")) refuse_scaling(node, "longrope");
    if (graph::is_tessera(node, "RotaryTable")) replaced.push_back(node.inputs.at(1));
  }
  if (replaced.empty()) return false;
  const int64_t rows = rows_of(model, args);
  Tabulation tabulation(model, rows);
  std::vector<Node> nodes;
  for (Node& node : model.graph.nodes) {
    if (!graph::is_tessera(node, "RotaryTable")) {
      nodes.push_back(std::move(node));
      continue;
    }
    for (Node& made : tabulation.replace(node)) nodes.push_back(std::move(made));
  }
  model.graph.nodes = std::move(nodes);
  remove_unused_initializers(model, replaced);
  graph::remove_unused_functions(model);
  graph::set_metadata(model, graph::metadata::kMaxPositions, std::to_string(rows));
  return true;
}

}  // namespace tessera::transforms
