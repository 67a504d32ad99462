#include "qaic_kv_cache.hpp"

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "attention_calls.hpp"
#include "node_writer.hpp"
#include "qaic_functions.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "value_names.hpp"

namespace tessera::transforms {

using graph::DataType;
using graph::Dimension;
using graph::fixed_dim;
using graph::int_attribute;
using graph::ints_attribute;
using graph::Model;
using graph::Node;
using graph::symbolic_dim;

namespace {

constexpr const char* kQaicKvCache = "qaic-kv-cache";
constexpr const char* kContextLengths = "comp_ctx_lengths";

struct Mode {
  bool slots;          ///< rows name their cache row by batch_index
  bool ccl;            ///< only the first comp_ctx_lengths positions are read
  bool guard_indices;  ///< no index leaves its tensor: padding goes to an added row that is cut off
};

/// One attention call, read and checked.
struct Layer {
  std::string q, k, v, y;
  int64_t heads, kv_heads, head_dim, window;  ///< window 0: none
  float scale;
  std::string path, doc_string;
};

/// What all layers share: names of values made once.
struct Shared {
  std::string write_positions, read_positions, beyond, length, zero;
  std::map<int64_t, std::string> masked;  ///< by window
};

void refuse_cache(Model& model) {
  for (const AttentionKind kind : {kCachedAttention, kSlotAttention}) {
    const std::vector<Node*> calls = find_attention(model, kind);
    if (calls.empty()) continue;
    throw Error(ErrorCode::kInvalidArgument, "qaic-kv-cache: the graph has a cache already")
        .node(graph::describe(*calls.front()))
        .remedy("list 'qaic-kv-cache' instead of 'kv-cache' and 'slots'");
  }
  for (const char* name : {"past_key.0", kBatchIndex, kContextLengths}) {
    if (!graph::has_input(model.graph, name)) continue;
    throw Error(ErrorCode::kInvalidArgument,
                "qaic-kv-cache: the graph has an input '" + std::string(name) + "' already")
        .remedy("list 'qaic-kv-cache' once");
  }
}

Layer read_layer(const Model& model, const Node& call) {
  if (call.inputs.size() != 4 || call.outputs.size() != 1) {
    throw Error(ErrorCode::kInvalidArgument, "qaic-kv-cache: attention has four inputs and one output")
        .node(graph::describe(call));
  }
  Layer layer{call.inputs[0],
              call.inputs[1],
              call.inputs[2],
              call.outputs[0],
              graph::int_of(call, "num_heads"),
              graph::int_of(call, "kv_heads"),
              graph::metadata_int(model, "tessera.head_dim"),
              call.op_type == kPureAttention.windowed ? graph::int_of(call, "window") : 0,
              graph::float_of(call, "scale"),
              call.name,
              with_pass(call.doc_string, kQaicKvCache)};
  const graph::ValueInfo* key = graph::find_value(model.graph, layer.k);
  const bool known = key && key->has_shape && !key->shape.empty() && key->shape.back().value >= 0;
  if (layer.kv_heads < 1 || layer.head_dim < 1 || layer.heads % layer.kv_heads != 0 ||
      (known && key->shape.back().value != layer.kv_heads * layer.head_dim)) {
    throw Error(ErrorCode::kInvalidArgument, "qaic-kv-cache: keys of width " +
                                                 (known ? std::to_string(key->shape.back().value) : "?") +
                                                 " are not " + std::to_string(layer.kv_heads) + " heads of " +
                                                 std::to_string(layer.head_dim))
        .node(graph::describe(call))
        .key("tessera.head_dim");
  }
  return layer;
}

/// Rewrites one graph.
class Rewrite {
 public:
  Rewrite(Model& model, Mode mode) : model_(model), mode_(mode), names_(model.graph) {}

  void run(const std::vector<Node*>& calls) {
    positions_ = calls.front()->inputs.at(3);
    read_row_dims(*calls.front());
    std::map<std::string, Layer> layers;  // by the node's output, which is unique
    std::vector<const Node*> order;
    for (const Node* call : calls) {
      if (call->inputs.at(3) != positions_) {
        throw Error(ErrorCode::kNotSupported, "qaic-kv-cache: layers take their positions from two values")
            .node(graph::describe(*call));
      }
      layers.emplace(call->outputs.at(0), read_layer(model_, *call));
    }
    add_inputs(calls, layers);
    NodeWriter front(model_, names_, "kv_cache", with_pass(plugin_of(*calls.front()), kQaicKvCache));
    write_shared(front, layers);
    guard_position_lookups(front);
    std::vector<Node> nodes = front.take();
    size_t number = 0;
    for (Node& node : model_.graph.nodes) {
      const auto found = node.outputs.empty() ? layers.end() : layers.find(node.outputs[0]);
      if (found == layers.end()) {
        nodes.push_back(std::move(node));
        continue;
      }
      for (Node& made : write_layer(found->second, number++)) nodes.push_back(std::move(made));
    }
    model_.graph.nodes = std::move(nodes);
    for (const graph::Function& function :
         {mode_.slots ? ctx_scatter_cb() : ctx_scatter(), mode_.slots ? ctx_gather_cb() : ctx_gather()}) {
      graph::add_function(model_, function);
    }
    graph::remove_unused_functions(model_);
  }

 private:
  static std::string plugin_of(const Node& node) {
    return "plugin=" + graph::read_provenance(node.doc_string).plugin;
  }

  void read_row_dims(const Node& call) {
    const graph::ValueInfo* positions = graph::find_value(model_.graph, positions_);
    if (!positions || !positions->has_shape || positions->shape.size() != 2) {
      throw Error(ErrorCode::kInvalidArgument,
                  "qaic-kv-cache: '" + positions_ + "' is not declared as [batch, seq]")
          .node(graph::describe(call));
    }
    batch_ = positions->shape[0];
    seq_ = positions->shape[1];
    length_ = symbolic_dim(mode_.ccl ? kContextLengths : "ctx_len");
  }

  void add_inputs(const std::vector<Node*>& calls, const std::map<std::string, Layer>& layers) {
    for (size_t number = 0; number < calls.size(); ++number) {
      const Layer& layer = layers.at(calls[number]->outputs.at(0));
      const Shape shape = {mode_.slots ? symbolic_dim("slots") : batch_, fixed_dim(layer.kv_heads),
                           symbolic_dim("ctx_len"), fixed_dim(layer.head_dim)};
      for (const char* kind : {"past_key.", "past_value."}) {
        const std::string name = kind + std::to_string(number);
        model_.graph.inputs.push_back(graph::tensor_value(name, DataType::kFloat, shape));
        model_.graph.outputs.push_back(graph::tensor_value(name + "_RetainedState", DataType::kFloat, shape));
      }
    }
    if (mode_.ccl) {
      model_.graph.inputs.push_back(graph::tensor_value(kContextLengths, DataType::kInt64, {length_}));
    }
    if (mode_.slots) {
      model_.graph.inputs.push_back(
          graph::tensor_value(kBatchIndex, DataType::kInt64, {batch_, fixed_dim(1)}));
    }
  }

  void write_shared(NodeWriter& w, const std::map<std::string, Layer>& layers) {
    const std::string zero = w.integer("zero", 0), one = w.integer("one", 1);
    const std::string capacity = w.dimension("ctx_len", "past_key.0", 4, 2);
    shared_.length = mode_.ccl ? w.dimension("length", kContextLengths, 1, 0) : capacity;
    shared_.zero = w.scalar("zero_value", 0.0f);

    padding_ = w.op("is_padding", "Less", {positions_, zero}, {}, DataType::kBool, {batch_, seq_});
    const std::string nowhere = mode_.guard_indices ? capacity : w.integer("no_row", kNoRow);
    shared_.write_positions = w.op("write_positions", "Where", {padding_, nowhere, positions_}, {},
                                   DataType::kInt64, {batch_, seq_});

    const std::string index =
        w.op("index", "Range", {zero, shared_.length, one}, {}, DataType::kInt64, {length_});
    const std::string columns =
        w.unsqueeze("columns", index, {0, 1}, DataType::kInt64, {fixed_dim(1), fixed_dim(1), length_});
    const std::string largest = w.op("largest", "ReduceMax", {positions_},
                                     {ints_attribute("axes", {1}), int_attribute("keepdims", 1)},
                                     DataType::kInt64, {batch_, fixed_dim(1)});
    const std::string limit =
        w.unsqueeze("limit", largest, {2}, DataType::kInt64, {batch_, fixed_dim(1), fixed_dim(1)});
    const Shape row = {batch_, fixed_dim(1), length_};
    const std::string invalid = w.op("invalid", "Greater", {columns, limit}, {}, DataType::kBool, row);
    shared_.read_positions =
        w.op("read_positions", "Where", {invalid, mode_.guard_indices ? zero : nowhere, columns}, {},
             DataType::kInt64, row);
    shared_.beyond =
        w.unsqueeze("beyond", invalid, {3}, DataType::kBool, {batch_, fixed_dim(1), length_, fixed_dim(1)});
    write_masks(w, index, layers);
    if (mode_.guard_indices) {
      for (const auto& [name, values] :
           {std::pair("from_0", std::vector<int64_t>{0}), std::pair("to_1", std::vector<int64_t>{1}),
            std::pair("to_last", std::vector<int64_t>{-1}), std::pair("axis_2", std::vector<int64_t>{2})}) {
        slice_[name] = w.integers(name, values);
      }
    }
  }

  void write_masks(NodeWriter& w, const std::string& index, const std::map<std::string, Layer>& layers) {
    const std::string keys = w.unsqueeze("key_positions", index, {0, 1, 2}, DataType::kInt64,
                                         {fixed_dim(1), fixed_dim(1), fixed_dim(1), length_});
    const Shape column = {batch_, fixed_dim(1), seq_, fixed_dim(1)},
                mask = {batch_, fixed_dim(1), seq_, length_};
    const std::string queries = w.unsqueeze("query_positions", positions_, {1, 3}, DataType::kInt64, column);
    const std::string after = w.op("masked", "Greater", {keys, queries}, {}, DataType::kBool, mask);
    for (const auto& entry : layers) {
      const int64_t window = entry.second.window;
      if (shared_.masked.count(window)) continue;
      shared_.masked[window] = after;
      if (window == 0) continue;
      const std::string name = "window_" + std::to_string(window);
      const std::string first =
          w.op(name + "_before", "Sub", {queries, w.integer(name, window)}, {}, DataType::kInt64, column);
      const std::string left = w.op(name + "_left", "LessOrEqual", {keys, first}, {}, DataType::kBool, mask);
      shared_.masked[window] = w.op(name + "_masked", "Or", {after, left}, {}, DataType::kBool, mask);
    }
  }

  /// Tables of learned positions are looked up at 0 for padding, whose row nobody reads.
  void guard_position_lookups(NodeWriter& w) {
    std::string safe;
    for (Node& node : model_.graph.nodes) {
      if (!graph::is_tessera(node, "Embedding") || node.inputs.at(0) != positions_) continue;
      if (safe.empty()) {
        safe = w.op("lookup_positions", "Where", {padding_, w.integer("first_position", 0), positions_}, {},
                    DataType::kInt64, {batch_, seq_});
      }
      node.inputs[0] = safe;
      graph::append_pass(node, kQaicKvCache);
    }
  }

  std::vector<Node> write_layer(const Layer& l, size_t number) {
    NodeWriter w(model_, names_, l.path, l.doc_string);
    const std::string q = split_heads(w, "q_heads", l.q, l.heads, l.head_dim);
    const std::string k = split_heads(w, "k_heads", l.k, l.kv_heads, l.head_dim);
    const std::string v = split_heads(w, "v_heads", l.v, l.kv_heads, l.head_dim);
    const std::string key_state = "past_key." + std::to_string(number);
    const std::string value_state = "past_value." + std::to_string(number);
    write_state(w, "scatter_key", key_state, k, l);
    write_state(w, "scatter_value", value_state, v, l);
    const std::string keys = read_state(w, "gather_key", key_state, l);
    const std::string read = read_state(w, "gather_value", value_state, l);
    const std::string values = w.op("values", "Where", {shared_.beyond, shared_.zero, read}, {},
                                    DataType::kFloat, gathered(l, l.kv_heads));
    const std::string all_keys = repeat_heads(w, "keys_repeated", keys, l);
    const std::string all_values = repeat_heads(w, "values_repeated", values, l);
    attend(w, l, q, all_keys, all_values);
    return w.take();
  }

  Shape gathered(const Layer& l, int64_t heads) const {
    return {batch_, fixed_dim(heads), length_, fixed_dim(l.head_dim)};
  }

  /// [batch, seq, heads * head_dim] -> [batch, heads, seq, head_dim]
  std::string split_heads(NodeWriter& w, const std::string& name, const std::string& x, int64_t heads,
                          int64_t head_dim) const {
    const std::string shape = w.integers(name + "_shape", {0, 0, heads, head_dim});
    const std::string apart = w.op(name + "_apart", "Reshape", {x, shape}, {}, DataType::kFloat,
                                   {batch_, seq_, fixed_dim(heads), fixed_dim(head_dim)});
    return w.op(name, "Transpose", {apart}, {ints_attribute("perm", {0, 2, 1, 3})}, DataType::kFloat,
                {batch_, fixed_dim(heads), seq_, fixed_dim(head_dim)});
  }

  void write_state(NodeWriter& w, const std::string& name, const std::string& state,
                   const std::string& update, const Layer& l) {
    const std::string retained = state + "_RetainedState";
    std::vector<std::string> inputs = {state, shared_.write_positions, update};
    if (mode_.slots) inputs.insert(inputs.begin() + 1, kBatchIndex);
    const std::string domain(kCloudDomain), function = mode_.slots ? "CtxScatterCB" : "CtxScatter";
    if (!mode_.guard_indices) return w.op_into(retained, name, domain, function, inputs, {});
    const Dimension rows = mode_.slots ? symbolic_dim("slots") : batch_;
    const auto wide = [&](Dimension length) {
      return Shape{rows, fixed_dim(l.kv_heads), std::move(length), fixed_dim(l.head_dim)};
    };
    const std::string spare =
        w.op(name + "_spare", "Slice", {state, slice_["from_0"], slice_["to_1"], slice_["axis_2"]}, {},
             DataType::kFloat, wide(fixed_dim(1)));
    inputs[0] = w.op(name + "_widened", "Concat", {state, spare}, {int_attribute("axis", 2)},
                     DataType::kFloat, wide(symbolic_dim("ctx_len_and_spare")));
    const std::string written =
        w.call(name, domain, function, inputs, {}, DataType::kFloat, wide(symbolic_dim("ctx_len_and_spare")));
    w.op_into(retained, name + "_cut", "", "Slice",
              {written, slice_["from_0"], slice_["to_last"], slice_["axis_2"]}, {});
  }

  std::string read_state(NodeWriter& w, const std::string& name, const std::string& state, const Layer& l) {
    std::vector<std::string> inputs = {state + "_RetainedState", shared_.read_positions, shared_.length};
    if (mode_.slots) inputs.insert(inputs.begin() + 1, kBatchIndex);
    return w.call(name, std::string(kCloudDomain), mode_.slots ? "CtxGatherCB" : "CtxGather", inputs, {},
                  DataType::kFloat, gathered(l, l.kv_heads));
  }

  /// [batch, kv_heads, C, head_dim] -> [batch, heads, C, head_dim]: each head as often as query heads share
  /// it.
  std::string repeat_heads(NodeWriter& w, const std::string& name, const std::string& x,
                           const Layer& l) const {
    const int64_t times = l.heads / l.kv_heads;
    if (times == 1) return x;
    const auto grouped = [&](int64_t copies) {
      return Shape{batch_, fixed_dim(l.kv_heads), fixed_dim(copies), length_, fixed_dim(l.head_dim)};
    };
    const std::string apart = w.unsqueeze(name + "_grouped", x, {2}, DataType::kFloat, grouped(1));
    const std::string factors = w.integers(name + "_factors", {1, 1, times, 1, 1});
    const std::string copies =
        w.op(name + "_copies", "Expand", {apart, factors}, {}, DataType::kFloat, grouped(times));
    const std::string shape = w.integers(name + "_shape", {0, l.heads, -1, l.head_dim});
    return w.op(name, "Reshape", {copies, shape}, {}, DataType::kFloat, gathered(l, l.heads));
  }

  void attend(NodeWriter& w, const Layer& l, const std::string& q, const std::string& keys,
              const std::string& values) {
    const Shape scores = {batch_, fixed_dim(l.heads), seq_, length_};
    const Shape mixed = {batch_, fixed_dim(l.heads), seq_, fixed_dim(l.head_dim)};
    const std::string turned =
        w.op("keys_transposed", "Transpose", {keys}, {ints_attribute("perm", {0, 1, 3, 2})}, DataType::kFloat,
             {batch_, fixed_dim(l.heads), fixed_dim(l.head_dim), length_});
    const std::string products = w.op("products", "MatMul", {q, turned}, {}, DataType::kFloat, scores);
    const std::string scaled =
        w.op("scores", "Mul", {products, w.scalar("scale", l.scale)}, {}, DataType::kFloat, scores);
    const std::string lowest = w.scalar("lowest", -std::numeric_limits<float>::infinity());
    const std::string masked =
        w.op("masked", "Where", {shared_.masked.at(l.window), lowest, scaled}, {}, DataType::kFloat, scores);
    const std::string weights =
        w.op("weights", "Softmax", {masked}, {int_attribute("axis", -1)}, DataType::kFloat, scores);
    const std::string heads = w.op("y_heads", "MatMul", {weights, values}, {}, DataType::kFloat, mixed);
    const std::string apart =
        w.op("y_apart", "Transpose", {heads}, {ints_attribute("perm", {0, 2, 1, 3})}, DataType::kFloat,
             {batch_, seq_, fixed_dim(l.heads), fixed_dim(l.head_dim)});
    const std::string flat = w.integers("y_shape", {0, 0, l.heads * l.head_dim});
    w.op_into(l.y, "y", "", "Reshape", {apart, flat}, {});
  }

  Model& model_;
  Mode mode_;
  graph::FreshNames names_;
  std::string positions_, padding_;
  Dimension batch_, seq_, length_;  ///< length_: C
  Shared shared_;
  std::map<std::string, std::string> slice_;  ///< bounds of the added row; with guard_indices only
};

}  // namespace

std::vector<sdk::OptionInfo> QaicKvCache::options() const {
  return {
      {"slots", sdk::ValueType::kBool, "false",
       "continuous batching: rows name the row of the state that they use, input batch_index"},
      {"ccl", sdk::ValueType::kBool, "false",
       "compute context lengths: only so many positions are read as the input comp_ctx_lengths is long"},
      {"guard-indices", sdk::ValueType::kBool, "false",
       "no index leaves its tensor, for runtimes that refuse INT32_MAX: padding is written to an added row "
       "that is cut off"}};
}

bool QaicKvCache::apply(Model& model, const sdk::TransformArgs& args) const {
  refuse_cache(model);
  const std::vector<Node*> calls = find_attention(model, kPureAttention);
  if (calls.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "qaic-kv-cache: the graph has no call of 'tessera.Attention' or 'tessera.WindowedAttention'")
        .remedy("use 'qaic-kv-cache' on decoders only, and before 'inline-functions'");
  }
  const Mode mode{args.options.flag("slots"), args.options.flag("ccl"), args.options.flag("guard-indices")};
  Rewrite(model, mode).run(calls);
  return true;
}

}  // namespace tessera::transforms
