#include "kv_heads_replicate.hpp"

#include <string>
#include <unordered_map>
#include <vector>

#include "node_writer.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/metadata.hpp"
#include "weight_nodes.hpp"

namespace tessera::transforms {

using graph::Model;
using graph::Node;

namespace {

constexpr const char* kReplicatePass = "kv-heads-replicate";
constexpr size_t kKeyInput = 1, kValueInput = 2;  // inputs of an attention

bool has_key_heads(const Node& node) {
  return graph::is_tessera(node, "Attention") || graph::is_tessera(node, "WindowedAttention");
}

void check_copies(const Node& call, int64_t copies) {
  const int64_t heads = graph::int_of(call, "num_heads"), kv_heads = graph::int_of(call, "kv_heads");
  if (copies >= 1 && heads % (kv_heads * copies) == 0) return;
  throw Error(ErrorCode::kInvalidArgument, "kv-heads-replicate: " + std::to_string(copies) + " copies of " +
                                               std::to_string(kv_heads) + " key heads do not divide " +
                                               std::to_string(heads) + " query heads")
      .node(graph::describe(call))
      .key("copies")
      .remedy("choose a divisor of " + std::to_string(heads / kv_heads));
}

class Replication {
 public:
  Replication(Model& model, int64_t copies)
      : model_(model), index_(model.graph), nodes_(model, kReplicatePass), copies_(copies) {}

  void change(Node& call) {
    check_copies(call, copies_);
    kv_heads_ = graph::int_of(call, "kv_heads");
    for (const size_t input : {kKeyInput, kValueInput}) change_projection(call.inputs.at(input));
    graph::set_attribute(call, graph::int_attribute("kv_heads", kv_heads_ * copies_));
    graph::append_pass(call, kReplicatePass);
  }

  void finish() {
    nodes_.finish();
    graph::set_metadata(model_, graph::metadata::kKvHeads,
                        std::to_string(graph::metadata_int(model_, graph::metadata::kKvHeads) * copies_));
  }

 private:
  /// Up from the attention to the projection, through the rotation of positions.
  void change_projection(const std::string& value) {
    const size_t maker = index_.producer(value);
    if (maker == graph::ValueIndex::kNone || index_.consumers(value).size() != 1) refuse(value);
    Node& node = model_.graph.nodes[maker];
    widen(value);
    if (graph::is_tessera(node, "RotaryEmbedding")) {
      graph::set_attribute(node, graph::int_attribute("num_heads", kv_heads_ * copies_));
      graph::append_pass(node, kReplicatePass);
      return change_projection(node.inputs.at(0));
    }
    if (!graph::is_tessera(node, "Linear") && !graph::is_tessera(node, "LinearBias")) refuse(value);
    for (size_t i = 1; i < node.inputs.size(); ++i) node.inputs[i] = repeated(node, node.inputs[i]);
    graph::append_pass(node, kReplicatePass);
  }

  [[noreturn]] void refuse(const std::string& value) const {
    const size_t maker = index_.producer(value);
    Error error(ErrorCode::kNotSupported,
                "kv-heads-replicate: '" + value + "' does not come from a projection of its own");
    if (maker != graph::ValueIndex::kNone) error.add_node(graph::describe(model_.graph.nodes[maker]));
    error.add_remedy("models whose keys, values and queries share a projection have no heads to repeat");
    throw error;
  }

  /// The declared last dimension of `value`, [.., heads * D], grows.
  void widen(const std::string& value) {
    for (graph::ValueInfo& info : model_.graph.value_info) {
      if (info.name != value || info.shape.empty() || info.shape.back().value < 0) continue;
      info.shape.back().value *= copies_;
    }
  }

  /// The weight or bias with the rows of each head `copies` times.
  std::string repeated(const Node& node, const std::string& weight) {
    const auto known = repeated_.find(weight);
    if (known != repeated_.end()) return known->second;
    const graph::ValueInfo* info = nodes_.find(weight);
    const bool divides = info != nullptr && !info->shape.empty() && info->shape[0].value % kv_heads_ == 0;
    if (!divides) {
      throw Error(ErrorCode::kNotSupported,
                  "kv-heads-replicate: '" + weight + "' is no weight with rows for each head")
          .node(graph::describe(node));
    }
    std::vector<int64_t> dims;
    for (const graph::Dimension& dim : info->shape) dims.push_back(dim.value);
    const std::string rows = rows_of(dims[0]);
    dims[0] *= copies_;
    return repeated_[weight] = nodes_.add(weight, "heads", "Gather", {rows},
                                          {graph::int_attribute("axis", 0)}, info->dtype, dims);
  }

  /// Indices of rows, one tensor for all layers of one size.
  const std::string& rows_of(int64_t count) {
    std::string& name = rows_[count];
    if (!name.empty()) return name;
    std::vector<int64_t> rows;
    const int64_t head = count / kv_heads_;
    for (int64_t first = 0; first < count; first += head) {
      for (int64_t copy = 0; copy < copies_; ++copy) {
        for (int64_t row = first; row < first + head; ++row) rows.push_back(row);
      }
    }
    const auto size = static_cast<int64_t>(rows.size());
    return name = nodes_.add_inside(graph::int64_tensor("kv-heads-replicate/rows", {size}, rows));
  }

  Model& model_;
  graph::ValueIndex index_;
  WeightNodes nodes_;
  int64_t copies_, kv_heads_ = 0;
  std::unordered_map<std::string, std::string> repeated_;
  std::unordered_map<int64_t, std::string> rows_;
};

void refuse_cached_graph(const Model& model) {
  for (const graph::ValueInfo& input : model.graph.inputs) {
    if (input.name.rfind("past_key.", 0) != 0) continue;
    throw Error(ErrorCode::kInvalidArgument, "kv-heads-replicate: the graph has a cache already")
        .key(input.name)
        .remedy("run 'kv-heads-replicate' before the pass that makes the cache");
  }
}

}  // namespace

std::vector<sdk::OptionInfo> KvHeadsReplicate::options() const {
  return {{"copies", sdk::ValueType::kInt64, "2", "how often each key and value head is there"}};
}

bool KvHeadsReplicate::apply(Model& model, const sdk::TransformArgs& args) const {
  refuse_cached_graph(model);
  const int64_t copies = args.options.integer("copies");
  if (copies == 1) return false;
  Replication replication(model, copies);
  bool any = false;
  for (Node& node : model.graph.nodes) {
    if (!has_key_heads(node)) continue;
    replication.change(node);
    any = true;
  }
  if (!any) {
    throw Error(ErrorCode::kInvalidArgument, "kv-heads-replicate: the graph has no attention with key heads")
        .remedy("run it on a decoder's graph, before 'inline-functions'");
  }
  replication.finish();
  return true;
}

}  // namespace tessera::transforms
