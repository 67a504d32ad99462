#include "pooling.hpp"

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "node_writer.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/metadata.hpp"
#include "tessera/sdk/nearest.hpp"
#include "unused_nodes.hpp"

namespace tessera::transforms {

using graph::DataType;
using graph::Dimension;
using graph::fixed_dim;
using graph::Model;
using graph::ValueInfo;

namespace {

constexpr const char* kPooling = "pooling";
constexpr const char* kTokenStates = "last_hidden_state";
constexpr const char* kAttentionMask = "attention_mask";
constexpr const char* kPooled = "pooled";
constexpr float kBelowAll = -1e9f;  ///< in masked rows of `max`

const ValueInfo& hidden_states(const Model& model) {
  const bool has_hidden = graph::has_output(model.graph, kTokenStates);
  const char* missing = has_hidden ? kAttentionMask : kTokenStates;
  if (!has_hidden || !graph::has_input(model.graph, kAttentionMask)) {
    throw Error(ErrorCode::kInvalidArgument, std::string("pooling: the graph has no ") +
                                                 (has_hidden ? "input" : "output") + " '" + missing + "'")
        .key(missing)
        .remedy(
            "use 'pooling' on encoders without a head (task feature-extraction), before 'qaic-names' and "
            "without 'pack-rows'");
  }
  const ValueInfo& hidden = *graph::find_value(model.graph, kTokenStates);
  if (hidden.has_shape && hidden.shape.size() == 3) return hidden;
  throw Error(ErrorCode::kInvalidArgument,
              "pooling: 'last_hidden_state' is not declared as [batch, seq, hidden]")
      .key(kTokenStates);
}

/// Writes the nodes that make `pooled`.
class Writing {
 public:
  Writing(NodeWriter& writer, const ValueInfo& hidden)
      : w_(writer), batch_(hidden.shape[0]), seq_(hidden.shape[1]), width_(hidden.shape[2]) {}

  void mean() {
    const Shape row = {batch_, seq_}, column = {batch_, fixed_dim(1)};
    const std::string mask =
        w_.op("mask", "Cast", {kAttentionMask}, {to(DataType::kFloat)}, DataType::kFloat, row);
    const std::string count =
        w_.op("count", "ReduceSum", {mask, w_.integers("count_axes", {1})}, {}, DataType::kFloat, column);
    const std::string divisor =
        w_.op("divisor", "Max", {count, w_.scalar("one", 1.0f)}, {}, DataType::kFloat, column);
    const std::string shares = w_.op("shares", "Div", {mask, divisor}, {}, DataType::kFloat, row);
    const std::string rows =
        w_.unsqueeze("share_rows", shares, {1}, DataType::kFloat, {batch_, fixed_dim(1), seq_});
    const std::string sums =
        w_.op("sums", "MatMul", {rows, kTokenStates}, {}, DataType::kFloat, {batch_, fixed_dim(1), width_});
    w_.op_into(kPooled, "mean", "", "Squeeze", {sums, w_.integers("mean_axes", {1})}, {});
  }

  void cls() {
    w_.op_into(kPooled, "cls", "", "Gather", {kTokenStates, w_.integer("first", 0)},
               {graph::int_attribute("axis", 1)});
  }

  void max() {
    const std::string seen =
        w_.op("seen", "Cast", {kAttentionMask}, {to(DataType::kBool)}, DataType::kBool, {batch_, seq_});
    const std::string rows =
        w_.unsqueeze("seen_rows", seen, {2}, DataType::kBool, {batch_, seq_, fixed_dim(1)});
    const std::string masked =
        w_.op("masked", "Where", {rows, kTokenStates, w_.scalar("below_all", kBelowAll)}, {},
              DataType::kFloat, {batch_, seq_, width_});
    w_.op_into(kPooled, "max", "", "ReduceMax", {masked},
               {graph::ints_attribute("axes", {1}), graph::int_attribute("keepdims", 0)});
  }

 private:
  static graph::Attribute to(DataType dtype) {
    return graph::int_attribute("to", static_cast<int64_t>(dtype));
  }

  NodeWriter& w_;
  Dimension batch_, seq_, width_;
};

std::string provenance_of_hidden(const Model& model) {
  const size_t maker = graph::ValueIndex(model.graph).producer(kTokenStates);
  if (maker == graph::ValueIndex::kNone)
    throw Error(ErrorCode::kInvalidArgument, "pooling: no node makes 'last_hidden_state'").key(kTokenStates);
  const std::string plugin = graph::read_provenance(model.graph.nodes[maker].doc_string).plugin;
  return with_pass("plugin=" + plugin, kPooling);
}

}  // namespace

std::vector<sdk::OptionInfo> Pooling::options() const {
  return {
      {"mode", sdk::ValueType::kText, "mean", "mean, cls (the first token) or max, over unmasked tokens"}};
}

bool Pooling::apply(Model& model, const sdk::TransformArgs& args) const {
  const std::string& mode = args.options.text("mode");
  const ValueInfo hidden = hidden_states(model);
  graph::FreshNames names(model.graph);
  NodeWriter writer(model, names, kPooling, provenance_of_hidden(model));
  Writing writing(writer, hidden);
  if (mode == "mean") {
    writing.mean();
  } else if (mode == "cls") {
    writing.cls();
  } else if (mode == "max") {
    writing.max();
  } else {
    throw Error(ErrorCode::kInvalidArgument, "pooling: unknown mode '" + mode + "'")
        .key("mode")
        .remedy(did_you_mean(mode, std::vector<std::string>{"mean", "cls", "max"}));
  }
  std::vector<graph::Node> made = writer.take();
  model.graph.nodes.insert(model.graph.nodes.end(), std::make_move_iterator(made.begin()),
                           std::make_move_iterator(made.end()));
  model.graph.value_info.push_back(hidden);
  model.graph.outputs = {graph::tensor_value(kPooled, DataType::kFloat, {hidden.shape[0], hidden.shape[2]})};
  graph::set_metadata(model, graph::metadata::kPooling, mode);
  remove_unused_nodes(model.graph);
  graph::remove_unused_functions(model);
  return true;
}

}  // namespace tessera::transforms
