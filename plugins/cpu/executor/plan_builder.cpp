#include "plan_builder.hpp"

#include <fmt/format.h>

namespace tessera::exec {
namespace {

constexpr int64_t kNewestOpset = 17;

}  // namespace

std::string describe_node(std::string_view op_type, std::string_view name, std::string_view doc_string) {
  return doc_string.empty() ? fmt::format("{} '{}'", op_type, name)
                            : fmt::format("{} '{}' ({})", op_type, name, doc_string);
}

PlanBuilder::PlanBuilder(const std::vector<graph::OpsetId>& opsets, const CompileOptions& options,
                         const KernelRegistry& registry, PlanBuilder* around, NodeSpec* around_node)
    : opsets_(opsets), options_(options), registry_(registry), around_(around), around_node_(around_node) {}

Plan PlanBuilder::build(const graph::Graph& graph) {
  data_->inputs.reserve(graph.inputs.size());
  for (const graph::Tensor& tensor : graph.initializers) add_initializer(tensor);
  add_inputs(graph);
  for (const graph::Node& node : graph.nodes) add_node(node);
  add_outputs(graph);
  drop_consumed_constants();
  return Plan(std::move(data_));
}

int64_t PlanBuilder::opset_of(const std::string& domain) const {
  for (const graph::OpsetId& opset : opsets_)
    if (opset.domain == domain || (domain.empty() && opset.domain == "ai.onnx") ||
        (domain == "ai.onnx" && opset.domain.empty()))
      return opset.version;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("the model imports no opset of domain '{}'", domain));
}

int32_t PlanBuilder::add_slot(const std::string& name) {
  int32_t slot = static_cast<int32_t>(data_->constants.size());
  if (!name.empty() && !slots_.emplace(name, slot).second)
    throw Error(ErrorCode::kInvalidArgument, fmt::format("value '{}' is made twice", name));
  data_->constants.emplace_back();
  data_->producers.push_back(-1);
  return slot;
}

void PlanBuilder::add_initializer(const graph::Tensor& tensor) {
  int32_t slot = add_slot(tensor.name);
  try {
    if (tensor.external && !options_.weights)
      throw Error(ErrorCode::kInvalidArgument, "external data, but no source of weights is given");
    data_->constants[slot] = tensor.external ? options_.weights(tensor) : from_graph(tensor);
  } catch (Error& error) {
    error.add_key(tensor.name);
    throw;
  }
}

void PlanBuilder::add_inputs(const graph::Graph& graph) {
  for (const graph::ValueInfo& input : graph.inputs) {
    auto known = slots_.find(input.name);
    // An input with an initializer of its name is a default that the caller may override: no constant then.
    bool has_default = known != slots_.end() && data_->constants[known->second].has_value();
    int32_t slot = has_default ? known->second : add_slot(input.name);
    data_->inputs.push_back(input);
    data_->input_slots.push_back(slot);
    data_->input_defaults.push_back(has_default ? std::move(data_->constants[slot]) : Value());
    data_->constants[slot] = Value();
  }
}

int32_t PlanBuilder::find_slot(const std::string& name) {
  auto found = slots_.find(name);
  if (found != slots_.end()) return found->second;
  if (!around_) return -1;
  int32_t outer = around_->find_slot(name);
  if (outer < 0) return -1;
  int32_t slot = add_slot(name);
  if (const Value& constant = around_->data_->constants[outer]; constant.has_value()) {
    data_->constants[slot] = constant;
  } else {
    captures_.emplace_back(slot, outer);
    around_node_->captured_slots_.push_back(outer);
  }
  return slot;
}

const Tensor* PlanBuilder::constant(int32_t slot) const {
  const Value& value = data_->constants[slot];
  return value.is_tensor() ? &value.tensor() : nullptr;
}

void PlanBuilder::add_node(const graph::Node& node) try {
  NodeSpec spec(node, opset_of(node.domain), *this);
  PlanNode planned;
  for (const std::string& name : node.inputs) {
    planned.inputs.push_back(name.empty() ? -1 : find_slot(name));
    if (!name.empty() && planned.inputs.back() < 0)
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("reads '{}', which nothing before it makes", name));
  }
  planned.kernel = registry_.find(node.domain, node.op_type, spec.opset())(spec);
  bool constant = !node.outputs.empty();
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    int32_t slot = node.outputs[i].empty() ? -1 : add_slot(node.outputs[i]);
    planned.outputs.push_back(slot);
    bool known = i < spec.constant_outputs_.size() && spec.constant_outputs_[i].has_value();
    if (known && slot >= 0) data_->constants[slot] = std::move(spec.constant_outputs_[i]);
    constant = constant && (known || slot < 0);
  }
  if (constant && !planned.kernel) return;
  for (size_t i = 0; i < spec.consumed_.size(); ++i)
    if (spec.consumed_[i]) planned.inputs[i] = -1;
  for (int32_t slot : planned.outputs)
    if (slot >= 0) data_->producers[slot] = static_cast<int32_t>(data_->nodes.size());
  planned.unaligned = spec.unaligned_;
  planned.unaligned.resize(planned.inputs.size());
  planned.captured = std::move(spec.captured_slots_);
  planned.name = node.name;
  planned.op_type = node.op_type;
  planned.doc_string = node.doc_string;
  data_->nodes.push_back(std::move(planned));
} catch (Error& error) {
  error.add_node(node.name);
  error.add_context(fmt::format("compiling {}", describe_node(node.op_type, node.name, node.doc_string)));
  throw;
}

void PlanBuilder::add_outputs(const graph::Graph& graph) {
  for (const graph::ValueInfo& output : graph.outputs) {
    int32_t slot = find_slot(output.name);
    if (slot < 0)
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("nothing makes the graph's output '{}'", output.name));
    data_->outputs.push_back(output);
    data_->output_slots.push_back(slot);
  }
}

void PlanBuilder::drop_consumed_constants() {
  std::vector<bool> used(data_->constants.size());
  for (const PlanNode& node : data_->nodes) {
    for (int32_t slot : node.inputs)
      if (slot >= 0) used[slot] = true;
    for (int32_t slot : node.captured) used[slot] = true;
  }
  for (int32_t slot : data_->output_slots) used[slot] = true;
  for (size_t slot = 0; slot < used.size(); ++slot)
    if (!used[slot]) data_->constants[slot] = Value();
}

Subgraph PlanBuilder::compile_subgraph(const graph::Graph& body, NodeSpec& node) {
  PlanBuilder inner(opsets_, options_, registry_, this, &node);
  Subgraph subgraph;
  subgraph.plan_ = std::make_shared<const Plan>(inner.build(body));
  subgraph.captures_ = inner.captures();
  subgraph.index_ = subgraph_count_++;
  return subgraph;
}

void PlanBuilder::require_kernels(const graph::Graph& graph) const {
  for (const graph::OpsetId& opset : opsets_)
    if ((opset.domain.empty() || opset.domain == "ai.onnx") && opset.version > kNewestOpset)
      throw Error(ErrorCode::kNotSupported,
                  fmt::format("opset {} of ai.onnx; up to {} is supported", opset.version, kNewestOpset))
          .remedy(fmt::format("export the model with opset {}", kNewestOpset));
  std::vector<std::string> list;
  list_unsupported(graph, list);
  if (list.empty()) return;
  std::string message = fmt::format("no kernel for {} node{}:", list.size(), list.size() == 1 ? "" : "s");
  for (const std::string& line : list) message += "\n  " + line;
  throw Error(ErrorCode::kNotSupported, std::move(message));
}

void PlanBuilder::list_unsupported(const graph::Graph& graph, std::vector<std::string>& list) const {
  for (const graph::Node& node : graph.nodes) {
    int64_t version = opset_of(node.domain);
    if (!registry_.find(node.domain, node.op_type, version))
      list.push_back(fmt::format("{} of domain '{}' version {}",
                                 describe_node(node.op_type, node.name, node.doc_string),
                                 node.domain.empty() ? "ai.onnx" : node.domain, version));
    for (const graph::Attribute& attribute : node.attributes)
      for (const graph::Graph& body : attribute.graphs) list_unsupported(body, list);
  }
}

const Tensor* NodeSpec::constant(size_t i) const {
  if (!has_input(i)) return nullptr;
  return builder_.constant(builder_.find_slot(node_.inputs[i]));
}

Subgraph NodeSpec::compile_subgraph(const graph::Graph& body) {
  return builder_.compile_subgraph(body, *this);
}

}  // namespace tessera::exec
