#include "slots.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "attention_calls.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "value_names.hpp"

namespace tessera::transforms {

using graph::Model;
using graph::Node;
using graph::ValueInfo;

namespace {

constexpr size_t kCachedInputs = 6;  // q, k, v, positions, past_key, past_value
constexpr size_t kPositionsInput = 3, kPastKey = 4, kPastValue = 5;
constexpr size_t kPresentKey = 1, kPresentValue = 2;

void check_order(Model& model, const std::vector<Node*>& cached) {
  const std::vector<Node*> slotted = find_attention(model, kSlotAttention);
  if (!slotted.empty() || graph::has_input(model.graph, kBatchIndex)) {
    throw Error(ErrorCode::kInvalidArgument, "slots: the graph has slots already")
        .node(slotted.empty() ? std::string() : graph::describe(*slotted.front()))
        .remedy("list 'slots' once");
  }
  if (!cached.empty()) return;
  const std::vector<Node*> pure = find_attention(model, kPureAttention);
  throw Error(ErrorCode::kInvalidArgument, "slots: the graph has no cache")
      .node(pure.empty() ? std::string() : graph::describe(*pure.front()))
      .remedy("run 'kv-cache' before 'slots'");
}

/// The state's rows are slots now, no longer the rows of the step.
void count_slots(std::vector<ValueInfo>& values, const std::string& name, const Node& call) {
  const auto state =
      std::find_if(values.begin(), values.end(), [&](const ValueInfo& value) { return value.name == name; });
  if (state == values.end() || state->shape.size() != 4) {
    throw Error(ErrorCode::kInvalidArgument,
                "slots: state '" + name + "' is no input or output of the graph with four dimensions")
        .node(graph::describe(call))
        .remedy("run 'kv-cache' before 'slots'");
  }
  state->shape[0] = graph::symbolic_dim("slots");
}

void add_slot(Model& model, Node& call) {
  if (call.inputs.size() != kCachedInputs || call.outputs.size() != 3) {
    throw Error(ErrorCode::kInvalidArgument,
                "slots: cached attention has six inputs and three outputs, this call has " +
                    std::to_string(call.inputs.size()) + " and " + std::to_string(call.outputs.size()))
        .node(graph::describe(call));
  }
  count_slots(model.graph.inputs, call.inputs[kPastKey], call);
  count_slots(model.graph.inputs, call.inputs[kPastValue], call);
  count_slots(model.graph.outputs, call.outputs[kPresentKey], call);
  count_slots(model.graph.outputs, call.outputs[kPresentValue], call);
  call.inputs.insert(call.inputs.begin() + kPastKey, kBatchIndex);
  retarget(call, kCachedAttention, kSlotAttention);
  graph::append_pass(call, "slots");
}

/// Before the states: inputs that a caller gives come first.
void add_batch_index(Model& model, const std::string& first_state, const std::string& positions) {
  graph::Dimension batch = graph::symbolic_dim("batch");
  const ValueInfo* rows = graph::find_value(model.graph, positions);
  if (rows && rows->has_shape && !rows->shape.empty()) batch = rows->shape[0];
  std::vector<ValueInfo>& inputs = model.graph.inputs;
  const auto before = std::find_if(inputs.begin(), inputs.end(),
                                   [&](const ValueInfo& input) { return input.name == first_state; });
  inputs.insert(before,
                graph::tensor_value(kBatchIndex, graph::DataType::kInt64, {batch, graph::fixed_dim(1)}));
}

}  // namespace

bool Slots::apply(Model& model, const sdk::TransformArgs&) const {
  const std::vector<Node*> calls = find_attention(model, kCachedAttention);
  check_order(model, calls);
  const Node first = *calls.front();
  for (Node* call : calls) add_slot(model, *call);
  add_batch_index(model, first.inputs.at(kPastKey), first.inputs.at(kPositionsInput));
  swap_functions(model, kSlotAttention);
  return true;
}

}  // namespace tessera::transforms
