#include "select_logits.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/sdk/tensor.hpp"
#include "value_names.hpp"

namespace tessera::transforms {

using graph::DataType;
using graph::Dimension;
using graph::Model;
using graph::Node;
using graph::ValueInfo;

namespace {

constexpr const char* kLogits = "logits";
constexpr const char* kLogitsRows = "logits_rows";
constexpr const char* kKeep = "num_logits_to_keep";

/// Inserts nodes in front of the head that pick rows of its input.
class Selection {
 public:
  explicit Selection(Model& model) : model_(model), names_(model.graph), head_(find_head()) {
    const Node& head = model.graph.nodes[head_];
    hidden_ = head.inputs[0];
    const ValueInfo* type = graph::find_value(model.graph, hidden_);
    if (!type || !type->has_shape || type->shape.size() != 3) {
      throw Error(ErrorCode::kInvalidArgument,
                  "select-logits: '" + hidden_ + "' is not declared as [batch, seq, hidden]")
          .node(graph::describe(head))
          .remedy("declare it in the graph's value_info");
    }
    type_ = *type;
  }

  void rows() {
    model_.graph.inputs.insert(first_state(),
                               graph::tensor_value(kLogitsRows, DataType::kInt64, {rows_dim()}));
    const std::string picked =
        add("Gather", "select_rows", {hidden_, kLogitsRows}, {graph::int_attribute("axis", 0)});
    finish(picked, rows_dim(), type_.shape[1]);
  }

  void last(int64_t count) {
    const std::string newest = newest_column();
    const std::string columns = count == 1 ? newest : columns_before(newest, count);
    finish(pick(columns), type_.shape[0], graph::fixed_dim(count));
  }

  /// As many columns as the input num_logits_to_keep is long.
  void kept() {
    model_.graph.inputs.push_back(
        graph::tensor_value(kKeep, DataType::kInt64, {graph::symbolic_dim(kKeep), graph::fixed_dim(1)}));
    const std::string newest = newest_column();
    const std::string zero = integer("zero", 0), one = integer("one", 1);
    const std::string keep = add("Gather", "keep", {add("Shape", "keep_shape", {kKeep}, {}), zero},
                                 {graph::int_attribute("axis", 0)});
    const std::string before_first = add("Sub", "before_first", {newest, keep}, {});
    const std::string first =
        add("Max", "first", {add("Add", "first_unbounded", {before_first, one}, {}), zero}, {});
    const std::string steps = add("Range", "steps", {zero, keep, one}, {});
    finish(pick(add("Add", "columns", {first, steps}, {})), type_.shape[0], graph::symbolic_dim(kKeep));
  }

 private:
  size_t find_head() const {
    if (!graph::has_output(model_.graph, kLogits)) {
      throw Error(ErrorCode::kInvalidArgument, "select-logits: the graph has no output 'logits'")
          .remedy("use 'select-logits' on graphs with a head only");
    }
    const size_t head = graph::ValueIndex(model_.graph).producer(kLogits);
    if (head == graph::ValueIndex::kNone) {
      throw Error(ErrorCode::kInvalidArgument, "select-logits: no node makes 'logits'");
    }
    const Node& node = model_.graph.nodes[head];
    const std::vector<std::string> passes = graph::read_provenance(node.doc_string).passes;
    if (graph::has_input(model_.graph, kLogitsRows) ||
        std::find(passes.begin(), passes.end(), "select-logits") != passes.end()) {
      throw Error(ErrorCode::kInvalidArgument, "select-logits: rows are chosen already")
          .node(graph::describe(node))
          .remedy("list 'select-logits' once");
    }
    const bool is_linear = graph::is_tessera(node, "Linear") || graph::is_tessera(node, "LinearBias");
    if (is_linear && !node.inputs.empty()) return head;
    throw Error(ErrorCode::kInvalidArgument, "select-logits: 'logits' is made by '" +
                                                 graph::qualified_op(node) +
                                                 "', expected 'tessera.Linear' or 'tessera.LinearBias'")
        .node(graph::describe(node))
        .remedy("run 'select-logits' before passes that replace the head, such as 'inline-functions'");
  }

  static Dimension rows_dim() { return graph::symbolic_dim(kLogitsRows); }

  /// Inputs that a caller gives stand before retained state, which has an output of its name.
  std::vector<ValueInfo>::iterator first_state() {
    std::vector<ValueInfo>& inputs = model_.graph.inputs;
    return std::find_if(inputs.begin(), inputs.end(), [&](const ValueInfo& input) {
      return graph::has_output(model_.graph, input.name + "_RetainedState");
    });
  }

  void check_positions() const {
    if (graph::has_input(model_.graph, kPositionIds)) return;
    throw Error(ErrorCode::kInvalidArgument, "select-logits: the graph has no input 'position_ids'")
        .node(graph::describe(model_.graph.nodes[head_]))
        .remedy("use mode 'rows'");
  }

  /// [batch, 1]: the column of the largest position, the first of equal ones. Compared as int32, which all
  /// compilers take.
  std::string newest_column() {
    check_positions();
    const std::string narrow = add("Cast", "positions", {kPositionIds},
                                   {graph::int_attribute("to", static_cast<int64_t>(DataType::kInt32))});
    return add("ArgMax", "newest", {narrow},
               {graph::int_attribute("axis", 1), graph::int_attribute("keepdims", 1)});
  }

  /// columns int64 [batch, n] -> those rows of the head's input [batch, n, hidden]
  std::string pick(const std::string& columns) {
    const std::string axis = constant("index_axis", graph::int64_tensor("", {1}, {2}));
    const std::string indices = add("Unsqueeze", "indices", {columns, axis}, {});
    return add("GatherND", "select_positions", {hidden_, indices}, {graph::int_attribute("batch_dims", 1)});
  }

  std::string integer(const std::string& name, int64_t value) {
    return constant(name, graph::int64_tensor("", {}, {value}));
  }

  /// [batch, 1] -> [batch, count]: the columns before the newest, never below 0.
  std::string columns_before(const std::string& newest, int64_t count) {
    std::vector<int64_t> steps;
    for (int64_t step = 1 - count; step <= 0; ++step) steps.push_back(step);
    const std::string offsets = constant("offsets", graph::int64_tensor("", {1, count}, steps));
    const std::string zero = constant("zero", graph::int64_tensor("", {}, {0}));
    return add("Max", "columns", {add("Add", "columns_unbounded", {newest, offsets}, {}), zero}, {});
  }

  std::string constant(const std::string& name, graph::Tensor value) {
    return add("Constant", name, {}, {graph::tensor_attribute("value", std::move(value))});
  }

  std::string add(const std::string& op, const std::string& name, std::vector<std::string> inputs,
                  std::vector<graph::Attribute> attributes) {
    const Node& head = model_.graph.nodes[head_];
    Node node;
    node.op_type = op;
    node.name = names_.node(head.name + "/" + name);
    node.inputs = std::move(inputs);
    node.outputs = {names_.value(node.name)};
    node.attributes = std::move(attributes);
    node.doc_string = head.doc_string;
    graph::append_pass(node, "select-logits");
    added_.push_back(std::move(node));
    return added_.back().outputs[0];
  }

  /// The head reads `picked` [first, second, hidden] and makes [first, second, vocab].
  void finish(const std::string& picked, Dimension first, Dimension second) {
    Node& head = model_.graph.nodes[head_];
    head.inputs[0] = picked;
    graph::append_pass(head, "select-logits");
    model_.graph.nodes.insert(model_.graph.nodes.begin() + static_cast<std::ptrdiff_t>(head_),
                              std::make_move_iterator(added_.begin()), std::make_move_iterator(added_.end()));
    model_.graph.value_info.push_back(
        graph::tensor_value(picked, type_.dtype, {first, second, type_.shape[2]}));
    for (ValueInfo& output : model_.graph.outputs) {
      if (output.name != kLogits || output.shape.size() != 3) continue;
      output.shape[0] = first;
      output.shape[1] = second;
    }
  }

  Model& model_;
  graph::FreshNames names_;
  size_t head_;
  std::string hidden_;
  ValueInfo type_;  ///< of hidden_
  std::vector<Node> added_;
};

}  // namespace

std::vector<sdk::OptionInfo> SelectLogits::options() const {
  return {{"mode", sdk::ValueType::kText, "rows",
           "rows: those that the input logits_rows names; last: the newest position of each row; last-k: the "
           "k newest; kept: as many of the newest as the input num_logits_to_keep is long"},
          {"k", sdk::ValueType::kInt64, "1", "positions kept by mode last-k, at least 1"}};
}

bool SelectLogits::apply(Model& model, const sdk::TransformArgs& args) const {
  const std::string& mode = args.options.text("mode");
  const int64_t k = args.options.integer("k");
  if (k < 1 || k > 1024) {
    throw Error(ErrorCode::kInvalidArgument,
                "select-logits: k is " + std::to_string(k) + ", expected 1 to 1024")
        .key("k");
  }
  if (args.options.given("k") && mode != "last-k") {
    throw Error(ErrorCode::kInvalidArgument, "select-logits: k has no meaning in mode '" + mode + "'")
        .key("k")
        .remedy("set mode to 'last-k'");
  }
  Selection selection(model);
  if (mode == "rows") {
    selection.rows();
  } else if (mode == "last" || mode == "last-k") {
    selection.last(mode == "last" ? 1 : k);
  } else if (mode == "kept") {
    selection.kept();
  } else {
    throw Error(ErrorCode::kInvalidArgument, "select-logits: unknown mode '" + mode + "'")
        .key("mode")
        .remedy(did_you_mean(mode, std::vector<std::string>{"rows", "last", "last-k", "kept"}));
  }
  return true;
}

}  // namespace tessera::transforms
