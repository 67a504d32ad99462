#include "pack_rows.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "attention_calls.hpp"
#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "unused_nodes.hpp"
#include "value_names.hpp"

namespace tessera::transforms {

using graph::DataType;
using graph::Dimension;
using graph::Graph;
using graph::Model;
using graph::Node;
using graph::ValueInfo;

namespace {

constexpr AttentionKind kBidirectional{"BidirectionalAttention", "BidirectionalAttention"};
constexpr AttentionKind kPacked{"PackedAttention", "PackedAttention"};
constexpr const char* kMask = "attention_mask";
constexpr const char* kFirstRows = "first_rows";
constexpr const char* kBatch = "batch";
constexpr const char* kSequences = "sequences";

class Packing {
 public:
  explicit Packing(Model& model) : model_(model), graph_(model.graph), names_(model.graph) {}

  void run() {
    pack_attention();
    free_positions();
    remove_unused();
    give_rows();
    pick_first_tokens();
    swap_functions(model_, kPacked);
  }

 private:
  void pack_attention() {
    const std::vector<Node*> calls = find_attention(model_, kBidirectional);
    if (graph::has_input(graph_, kBatchIndex)) {
      throw Error(ErrorCode::kInvalidArgument, "pack-rows: the graph has the input 'batch_index' already")
          .remedy("list 'pack-rows' once, and only for encoders");
    }
    if (calls.empty()) {
      throw Error(ErrorCode::kInvalidArgument, "pack-rows: the graph has no bidirectional attention")
          .remedy("use 'pack-rows' on encoders only");
    }
    for (Node* call : calls) {
      if (call->inputs.size() != 4 || call->inputs[3] != kMask || !graph::has_input(graph_, kMask)) {
        throw Error(ErrorCode::kInvalidArgument,
                    "pack-rows: attention must read the graph's input 'attention_mask'")
            .node(graph::describe(*call));
      }
      retarget(*call, kBidirectional, kPacked);
      call->inputs[3] = kBatchIndex;
      graph::append_pass(*call, "pack-rows");
    }
  }

  /// What was computed from the shape of input_ids the caller gives now.
  void free_positions() {
    if (graph::has_input(graph_, kPositionIds)) return;
    for (Node& node : graph_.nodes) {
      if (node.outputs != std::vector<std::string>{kPositionIds}) continue;
      node.outputs[0] = names_.value("position_ids/unused");
      std::vector<ValueInfo>& infos = graph_.value_info;
      const auto found = std::find_if(infos.begin(), infos.end(),
                                      [](const ValueInfo& info) { return info.name == kPositionIds; });
      if (found != infos.end()) infos.erase(found);
      graph_.inputs.push_back(graph::tensor_value(kPositionIds, DataType::kInt64,
                                                  {graph::symbolic_dim(kBatch), graph::fixed_dim(1)}));
      return;
    }
    throw Error(ErrorCode::kInvalidArgument, "pack-rows: no value of the graph is named 'position_ids'")
        .remedy("name the positions that the graph makes so");
  }

  /// Nodes that only led to positions or mask, and the mask itself.
  void remove_unused() {
    remove_unused_nodes(graph_);
    for (const Node& node : graph_.nodes) {
      graph::for_each_use(node, [&](const std::string& name) {
        if (name != kMask) return;
        throw Error(ErrorCode::kInvalidArgument,
                    "pack-rows: 'attention_mask' is read by more than attention, which packing cannot serve")
            .node(graph::describe(node));
      });
    }
    std::vector<ValueInfo>& inputs = graph_.inputs;
    inputs.erase(std::remove_if(inputs.begin(), inputs.end(),
                                [](const ValueInfo& info) { return info.name == kMask; }),
                 inputs.end());
  }

  /// [batch, seq, ...] -> [batch, 1, ...]
  void give_rows() {
    for (std::vector<ValueInfo>* list : {&graph_.inputs, &graph_.outputs, &graph_.value_info}) {
      for (ValueInfo& info : *list) {
        for (Dimension& dimension : info.shape) {
          if (dimension.symbol == "seq") dimension = graph::fixed_dim(1);
        }
      }
    }
    graph_.inputs.push_back(graph::tensor_value(kBatchIndex, DataType::kInt64,
                                                {graph::symbolic_dim(kBatch), graph::fixed_dim(1)}));
  }

  void pick_first_tokens() {
    std::unordered_set<std::string> of_sequences;  // values with one row a sequence
    std::vector<Node> nodes;
    for (Node& node : graph_.nodes) {
      const bool first = graph::is_tessera(node, "FirstToken");
      const bool follows = std::any_of(node.inputs.begin(), node.inputs.end(),
                                       [&](const std::string& name) { return of_sequences.count(name) > 0; });
      if (first || follows) of_sequences.insert(node.outputs.begin(), node.outputs.end());
      if (!first) {
        nodes.push_back(std::move(node));
        continue;
      }
      Node gather = node;
      gather.domain.clear();
      gather.op_type = "Gather";
      gather.inputs.emplace_back(kFirstRows);
      gather.attributes = {graph::int_attribute("axis", 0)};
      graph::append_pass(gather, "pack-rows");
      Node flatten = gather;
      gather.name = names_.node(node.name + "/rows");
      gather.outputs = {names_.value(gather.name)};
      flatten.op_type = "Flatten";
      flatten.inputs = gather.outputs;
      flatten.attributes = {graph::int_attribute("axis", 1)};
      nodes.push_back(std::move(gather));
      nodes.push_back(std::move(flatten));
    }
    graph_.nodes = std::move(nodes);
    if (of_sequences.empty()) return;
    graph_.inputs.push_back(
        graph::tensor_value(kFirstRows, DataType::kInt64, {graph::symbolic_dim(kSequences)}));
    for (std::vector<ValueInfo>* list : {&graph_.outputs, &graph_.value_info}) {
      for (ValueInfo& info : *list) {
        if (of_sequences.count(info.name) == 0) continue;
        for (Dimension& dimension : info.shape) {
          if (dimension.symbol == kBatch) dimension = graph::symbolic_dim(kSequences);
        }
      }
    }
  }

  Model& model_;
  Graph& graph_;
  graph::FreshNames names_;
};

}  // namespace

bool PackRows::apply(Model& model, const sdk::TransformArgs&) const {
  Packing(model).run();
  return true;
}

}  // namespace tessera::transforms
