#include "lower.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "ops/ctx_cache.hpp"
#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/inline.hpp"

namespace tessera::cpu {
namespace {

using graph::Attribute;
using graph::AttributeType;
using graph::Graph;
using graph::Node;

// Functions that keep their node; lower() takes the others (and may refuse one, which is then inlined).
const std::set<std::string>& functions_with_kernel() {
  static const std::set<std::string> kNames = {"Attention",
                                               "BidirectionalAttention",
                                               "DynamicRotaryTable",
                                               "GeluErf",
                                               "GeluTanh",
                                               "LayerNorm",
                                               "LongRotaryTable",
                                               "PackedAttention",
                                               "RMSNorm",
                                               "RotaryTable",
                                               "RotaryEmbedding",
                                               "Silu",
                                               "WindowedAttention"};
  return kNames;
}

bool weight_type(graph::DataType dtype, WeightType& type) {
  if (dtype == graph::DataType::kFloat)
    type = WeightType::kF32;
  else if (dtype == graph::DataType::kFloat16)
    type = WeightType::kF16;
  else if (dtype == graph::DataType::kBfloat16)
    type = WeightType::kBF16;
  else
    return false;
  return true;
}

class Lowering {
 public:
  explicit Lowering(LoweredModel& result) : result_(result), graph_(result.model.graph), names_(graph_) {
    for (const graph::ValueInfo& input : graph_.inputs) fed_.insert(input.name);
    for (const graph::ValueInfo& output : graph_.outputs) results_.insert(output.name);
    for (const graph::Tensor& t : graph_.initializers) {
      if (!fed_.count(t.name)) initializers_[t.name] = &t;
    }
  }

  void run() {
    for (Node& node : graph_.nodes) {
      if (node.domain != graph::kTesseraDomain) continue;
      if (node.op_type == "Linear" || node.op_type == "LinearBias" || node.op_type == "Conv1D")
        lower_linear(node);
      else if (node.op_type == "Embedding")
        lower_embedding(node);
      else if (is_cached_attention(node))
        lower_cached_attention(node);
    }
    join_linears();
    fuse_silu_mul();
    remove_state();
    remove_unused_initializers();
  }

 private:
  // The number of the weight in the list, or -1 when its input is no constant matrix of a dtype that packs.
  int64_t weight_index(const std::string& name, WeightLayout layout, bool stored_transposed = false) {
    const auto known = weights_.find(name);
    if (known != weights_.end()) {
      WeightSpec& weight = result_.weights[static_cast<size_t>(known->second)];
      if (weight.stored_transposed != stored_transposed) return -1;
      if (layout == WeightLayout::kPanels) weight.layout = layout;
      return known->second;
    }
    const auto found = initializers_.find(name);
    WeightSpec weight;
    if (found == initializers_.end() || found->second->dims.size() != 2 ||
        !weight_type(found->second->dtype, weight.shape.type)) {
      return -1;
    }
    weight.shape.out = found->second->dims[0];
    weight.shape.in = found->second->dims[1];
    if (weight.shape.out < 1 || weight.shape.in < 1) return -1;
    if (stored_transposed) std::swap(weight.shape.out, weight.shape.in);
    weight.layout = layout;
    weight.stored_transposed = stored_transposed;
    weight.source = *found->second;
    check_bytes(weight);
    result_.weights.push_back(std::move(weight));
    return weights_[name] = static_cast<int64_t>(result_.weights.size()) - 1;
  }

  static void check_bytes(const WeightSpec& weight) {
    const graph::Tensor& source = weight.source;
    const uint64_t found = source.external ? source.external->length : source.raw_data.size();
    uint64_t wanted = 0;
    const bool overflow = __builtin_mul_overflow(static_cast<uint64_t>(weight.shape.out),
                                                 static_cast<uint64_t>(weight.shape.in), &wanted) ||
                          __builtin_mul_overflow(wanted, graph::element_size(source.dtype), &wanted);
    if (!overflow && found == wanted) return;
    throw Error(ErrorCode::kCorruptData,
                fmt::format("tensor '{}' of shape [{}, {}] and dtype {} has {} bytes, expected {}",
                            source.name, source.dims[0], source.dims[1], graph::dtype_name(source.dtype),
                            found, overflow ? "fewer elements than memory has" : fmt::format("{}", wanted)))
        .key(source.name)
        .file(source.external ? source.external->location : std::string());
  }

  void lower_linear(Node& node) {
    const bool bias = node.op_type != "Linear", transposed = node.op_type == "Conv1D";
    if (node.inputs.size() != (bias ? 3u : 2u) || node.outputs.size() != 1) return;
    if (bias && !initializers_.count(node.inputs[2])) return;
    const int64_t index = weight_index(node.inputs[1], WeightLayout::kPanels, transposed);
    if (index < 0) return;
    become(node, "Linear", {node.inputs[0], bias ? node.inputs[2] : std::string()},
           {graph::ints_attribute("weights", {index})});
  }

  void lower_embedding(Node& node) {
    if (node.inputs.size() != 2 || node.outputs.size() != 1) return;
    const int64_t index = weight_index(node.inputs[1], WeightLayout::kRows);
    if (index >= 0) become(node, "Embedding", {node.inputs[0]}, {graph::int_attribute("weight", index)});
  }

  void lower_cached_attention(Node& node) {
    const size_t count = node.inputs.size();
    const std::string past_key = node.inputs[count - 2], past_value = node.inputs[count - 1];
    const graph::ValueInfo* info = graph::find_value(graph_, past_key);
    if (!fed_.count(past_key) || !fed_.count(past_value) || info == nullptr || info->shape.size() != 4 ||
        info->shape[3].value < 1 || node.outputs.size() != 3) {
      throw Error(ErrorCode::kNotSupported,
                  fmt::format("'{}' needs past_key and past_value of shape [slots, kv_heads, "
                              "ctx_len, head_dim] as inputs of the graph, with a known head_dim",
                              node.op_type))
          .node(graph::describe(node));
    }
    const bool windowed = node.op_type.rfind("Windowed", 0) == 0;
    KvShape cache;
    cache.kv_heads = graph::int_of(node, "kv_heads");
    cache.head_dim = info->shape[3].value;
    for (const std::string& name : {past_key, past_value}) {
      if (!state_.insert(name).second) {
        throw Error(ErrorCode::kNotSupported, fmt::format("two attention nodes share the cache '{}'", name))
            .node(graph::describe(node));
      }
    }
    state_.insert({node.outputs[1], node.outputs[2]});
    const auto layer = static_cast<int64_t>(result_.caches.size());
    std::vector<Attribute> attributes = {
        graph::int_attribute("layer", layer),
        graph::int_attribute("num_heads", graph::int_of(node, "num_heads")),
        graph::int_attribute("kv_heads", cache.kv_heads),
        graph::int_attribute("head_dim", cache.head_dim),
        graph::int_attribute("window", windowed ? graph::int_of(node, "window") : 0),
        graph::attribute(node, "scale", AttributeType::kFloat)};
    result_.caches.push_back(cache);
    see_window(attributes[4].i);
    // What it writes is no value of the graph; an empty output that every run asks for keeps the node alive.
    const std::string written = names_.value(fmt::format("{}.{}", kWrittenPrefix, layer));
    node.outputs = {node.outputs[0], written};
    written_.push_back(graph::tensor_value(written, graph::DataType::kInt64, {graph::fixed_dim(0)}));
    become(node, "CachedAttention", {node.inputs[0], node.inputs[1], node.inputs[2]}, std::move(attributes));
  }

  // Layers share their blocks of memory, so the layer that looks back furthest decides what is kept.
  void see_window(int64_t window) {
    const bool first = result_.caches.size() == 1;
    const bool all = window == 0 || (!first && result_.window == 0);
    result_.window = all ? 0 : std::max(result_.window, window);
  }

  static void become(Node& node, std::string op_type, std::vector<std::string> inputs,
                     std::vector<Attribute> attributes) {
    node.domain = kCpuDomain;
    node.op_type = std::move(op_type);
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
  }

  // Layers that read one x (q, k, v; gate, up) become one node: x is reordered once and all threads start
  // once.
  void join_linears() {
    std::unordered_map<std::string, Node*> first;
    for (Node& node : graph_.nodes) {
      if (node.domain != kCpuDomain || node.op_type != "Linear") continue;
      Node*& leader = first[node.inputs[0]];
      if (leader == nullptr || leader->outputs.size() == kMostJoined) {
        leader = &node;
        continue;
      }
      leader->inputs.push_back(node.inputs[1]);
      leader->outputs.push_back(node.outputs[0]);
      leader->attributes[0].ints.push_back(node.attributes[0].ints[0]);
      leader->name += " + " + node.name;
      node.op_type.clear();  // taken over
    }
    remove_taken_over();
  }

  void fuse_silu_mul() {
    const graph::ValueIndex index(graph_);
    for (Node& silu : graph_.nodes) {
      if (!graph::is_tessera(silu, "Silu") || silu.inputs.size() != 1 || silu.outputs.size() != 1) continue;
      const std::vector<size_t>& readers = index.consumers(silu.outputs[0]);
      if (readers.size() != 1 || results_.count(silu.outputs[0])) continue;
      Node& mul = graph_.nodes[readers[0]];
      if (mul.op_type != "Mul" || !graph::normal_domain(mul.domain).empty() || mul.inputs.size() != 2)
        continue;
      const bool left = mul.inputs[0] == silu.outputs[0];
      const std::string other = mul.inputs[left ? 1 : 0];
      if (!same_shape(index, silu.inputs[0], other)) continue;
      become(mul, "SiluMul", {silu.inputs[0], other}, {});
      silu.op_type.clear();
    }
    remove_taken_over();
  }

  // True for two outputs of one Linear node of equal width: then no broadcasting can be meant.
  bool same_shape(const graph::ValueIndex& index, const std::string& a, const std::string& b) const {
    const size_t producer = index.producer(a);
    if (producer == graph::ValueIndex::kNone || producer != index.producer(b)) return false;
    const Node& linear = graph_.nodes[producer];
    if (linear.domain != kCpuDomain || linear.op_type != "Linear") return false;
    const auto width = [&](const std::string& output) {
      const auto place =
          std::find(linear.outputs.begin(), linear.outputs.end(), output) - linear.outputs.begin();
      return result_.weights[static_cast<size_t>(linear.attributes[0].ints[static_cast<size_t>(place)])]
          .shape.out;
    };
    return width(a) == width(b);
  }

  void remove_taken_over() {
    std::vector<Node>& nodes = graph_.nodes;
    nodes.erase(
        std::remove_if(nodes.begin(), nodes.end(), [](const Node& node) { return node.op_type.empty(); }),
        nodes.end());
  }

  void remove_state() {
    for (const Node& node : graph_.nodes) {
      graph::for_each_use(node, [&](const std::string& name) {
        if (!state_.count(name)) return;
        throw Error(ErrorCode::kNotSupported,
                    fmt::format("'{}' is retained state, which only attention may read", name))
            .node(graph::describe(node));
      });
    }
    const auto is_state = [&](const graph::ValueInfo& info) { return state_.count(info.name) > 0; };
    for (std::vector<graph::ValueInfo>* list : {&graph_.inputs, &graph_.outputs, &graph_.value_info}) {
      list->erase(std::remove_if(list->begin(), list->end(), is_state), list->end());
    }
    graph_.outputs.insert(graph_.outputs.end(), written_.begin(), written_.end());
  }

  void remove_unused_initializers() {
    std::unordered_set<std::string> used = results_;
    for (const Node& node : graph_.nodes) {
      graph::for_each_use(node, [&](const std::string& name) { used.insert(name); });
    }
    std::vector<graph::Tensor>& list = graph_.initializers;
    list.erase(
        std::remove_if(list.begin(), list.end(),
                       [&](const graph::Tensor& t) { return !used.count(t.name) && !fed_.count(t.name); }),
        list.end());
  }

  LoweredModel& result_;
  Graph& graph_;
  graph::FreshNames names_;
  std::vector<graph::ValueInfo> written_;  // outputs that stand for writes to a cache
  std::unordered_map<std::string, const graph::Tensor*> initializers_;  // constants only
  std::unordered_set<std::string> fed_, results_, state_;
  std::unordered_map<std::string, int64_t> weights_;  // initializer -> number
};

}  // namespace

LoweredModel lower(graph::Model model) {
  LoweredModel result;
  result.rules = InputRules(model.graph);
  result.model = std::move(model);
  Lowering(result).run();
  graph::inline_functions(result.model, [](const graph::Function& function) {
    if (is_ctx_function(function.domain, function.name)) return true;
    return function.domain == graph::kTesseraDomain && functions_with_kernel().count(function.name) > 0;
  });
  graph::import_opset(result.model.opset_imports, {std::string(kCpuDomain), 1});
  if (graph::opset_version(result.model.opset_imports, graph::kTesseraDomain) == 0) {
    graph::import_opset(result.model.opset_imports, {std::string(graph::kTesseraDomain), 1});
  }
  return result;
}

const std::vector<std::string>& claimed_functions() {
  static const std::vector<std::string> kNames = [] {
    std::set<std::string> names = functions_with_kernel();
    names.insert({"CachedAttention", "Embedding", "Linear", "LinearBias", "SlotAttention",
                  "WindowedCachedAttention", "WindowedSlotAttention"});
    names.insert(ctx_function_names().begin(), ctx_function_names().end());
    return std::vector<std::string>(names.begin(), names.end());
  }();
  return kNames;
}

int64_t stored_bytes(const WeightSpec& weight) {
  if (weight.layout == WeightLayout::kPanels) return packed_bytes(weight.shape);
  const int64_t bytes = weight.shape.in * weight.shape.out * element_bytes(weight.shape.type);
  return (bytes + 63) / 64 * 64;
}

}  // namespace tessera::cpu
