#include "qaic_names.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "node_writer.hpp"
#include "qaic_functions.hpp"
#include "sampler_writer.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/metadata.hpp"
#include "tessera/sdk/output_names.hpp"

namespace tessera::transforms {

using graph::Model;
using graph::Node;
using graph::ValueInfo;

namespace {

constexpr const char* kQaicNames = "qaic-names";
constexpr const char* kStates = "states";  ///< in an order: where past_key.N and past_value.N stand
constexpr const char* kTokenTypes = "token_type_ids";

using Names = std::vector<std::string>;

const std::unordered_map<std::string, std::string>& qaic_symbols() {
  static const std::unordered_map<std::string, std::string> kSymbols = {
      {"batch", "batch_size"}, {"seq", "seq_len"}, {"slots", "full_batch_size"}};
  return kSymbols;
}

bool is_state(const std::string& name) {
  return name.rfind("past_key.", 0) == 0 || name.rfind("past_value.", 0) == 0;
}

bool is_encoder(const Model& model) {
  return graph::has_input(model.graph, "attention_mask");
}

/// GPT-2's forward function takes its positions after the states. What the sampler takes stands last.
Names input_order(const Model& model) {
  if (is_encoder(model)) return {"input_ids", "attention_mask", kTokenTypes};
  const std::string* architecture = graph::find_metadata(model, graph::metadata::kArchitecture);
  Names order = {"input_ids",        "position_ids", kStates,
                 "comp_ctx_lengths", "batch_index",  "num_logits_to_keep"};
  if (architecture && *architecture == "gpt2")
    std::rotate(order.begin() + 1, order.begin() + 2, order.begin() + 4);
  order.insert(order.end(), {sampler::kAcceptedTokens, sampler::kRepetitionBuffer,
                             sampler::kRepetitionPenalties, sampler::kPresenceBuffer,
                             sampler::kPresencePenalties, sampler::kTemperatures, sampler::kTopKs,
                             sampler::kTopPs, sampler::kMinPs, sampler::kRandomNumbers, sampler::kBitmasks});
  return order;
}

void refuse_length(const Model& model) {
  if (!graph::has_input(model.graph, "rope_length")) return;
  for (const Node& node : model.graph.nodes) {
    const bool dynamic = graph::is_tessera(node, "DynamicRotaryTable");
    if (!dynamic && !graph::is_tessera(node, "LongRotaryTable")) continue;
    throw Error(ErrorCode::kNotSupported,
                std::string("qaic-names: rope scaling '") + (dynamic ? "dynamic" : "longrope") +
                    "' needs the length of the sequence, which a QAic graph does not get")
        .node(graph::describe(node))
        .key("rope_scaling")
        .remedy("run this model on a backend that takes rope_length, such as cpu");
  }
  throw Error(ErrorCode::kNotSupported, "qaic-names: the graph takes 'rope_length', a QAic graph does not")
      .key("rope_length");
}

void rename_symbols(std::vector<ValueInfo>& values) {
  for (ValueInfo& value : values) {
    for (graph::Dimension& dim : value.shape) {
      const auto found = qaic_symbols().find(dim.symbol);
      if (found != qaic_symbols().end()) dim.symbol = found->second;
    }
  }
}

void order_inputs(Model& model) {
  const Names order = input_order(model);
  const auto place = [&](const ValueInfo& input) -> size_t {
    const std::string& name = is_state(input.name) ? std::string(kStates) : input.name;
    return static_cast<size_t>(std::find(order.begin(), order.end(), name) - order.begin());
  };
  for (const ValueInfo& input : model.graph.inputs) {
    if (place(input) < order.size()) continue;
    throw Error(ErrorCode::kNotSupported,
                "qaic-names: QAic tools have no name for the input '" + input.name + "'")
        .key(input.name)
        .remedy(input.name == "logits_rows" ? "use 'select-logits' in mode 'last' or 'kept'"
                                            : "list 'qaic-kv-cache' instead of 'kv-cache' and 'slots'");
  }
  std::stable_sort(model.graph.inputs.begin(), model.graph.inputs.end(),
                   [&](const ValueInfo& a, const ValueInfo& b) { return place(a) < place(b); });
}

/// A value's new name, wherever it is made or read in the main graph and its subgraphs.
void rename_value(graph::Graph& graph, const std::string& from, const std::string& to) {
  for (Node& node : graph.nodes) {
    std::replace(node.inputs.begin(), node.inputs.end(), from, to);
    std::replace(node.outputs.begin(), node.outputs.end(), from, to);
    for (graph::Attribute& attribute : node.attributes) {
      for (graph::Graph& inner : attribute.graphs) rename_value(inner, from, to);
    }
  }
  for (std::vector<ValueInfo>* list : {&graph.inputs, &graph.outputs, &graph.value_info}) {
    for (ValueInfo& value : *list) {
      if (value.name == from) value.name = to;
    }
  }
}

/// As QAic tools call them, by token or pooled; who runs the model asks by the name before all the same.
void rename_hidden_states(Model& model) {
  constexpr const char* kTheirs = "output";
  for (const char* ours : {"last_hidden_state", "pooled"}) {
    if (!graph::has_output(model.graph, ours)) continue;
    rename_value(model.graph, ours, kTheirs);
    graph::set_output_was(model, kTheirs, ours);
  }
}

/// token_type_ids is no input any more but zeros of the shape of input_ids.
void make_types_zero(Model& model) {
  std::vector<ValueInfo>& inputs = model.graph.inputs;
  const auto input = std::find_if(inputs.begin(), inputs.end(),
                                  [](const ValueInfo& value) { return value.name == kTokenTypes; });
  if (input == inputs.end()) return;
  const Shape shape = input->shape;
  inputs.erase(input);
  graph::FreshNames names(model.graph);
  NodeWriter w(
      model, names, kTokenTypes,
      with_pass("plugin=" + graph::read_provenance(model.graph.nodes.at(0).doc_string).plugin, kQaicNames));
  const std::string dims = w.op("shape", "Shape", {"input_ids"}, {}, graph::DataType::kInt64,
                                {graph::fixed_dim(static_cast<int64_t>(shape.size()))});
  w.op_into(kTokenTypes, "zeros", "", "ConstantOfShape", {dims},
            {graph::tensor_attribute("value", graph::int64_tensor("", {1}, {0}))});
  model.graph.value_info.push_back(graph::tensor_value(kTokenTypes, graph::DataType::kInt64, shape));
  std::vector<Node> made = w.take();
  model.graph.nodes.insert(model.graph.nodes.begin(), std::make_move_iterator(made.begin()),
                           std::make_move_iterator(made.end()));
}

void rename_norms(Model& model) {
  bool any = false;
  for (Node& node : model.graph.nodes) {
    if (!graph::is_tessera(node, "RMSNorm")) continue;
    node.domain = kAiswDomain;
    node.op_type = "CustomRMSNorm";
    graph::append_pass(node, kQaicNames);
    any = true;
  }
  if (any) graph::add_function(model, custom_rms_norm());
  graph::remove_unused_functions(model);
}

void refuse_twice(const Model& model) {
  for (const ValueInfo& input : model.graph.inputs) {
    for (const graph::Dimension& dim : input.shape) {
      if (dim.symbol != "batch_size") continue;
      throw Error(ErrorCode::kInvalidArgument, "qaic-names: the graph has QAic's names already")
          .key(input.name)
          .remedy("list 'qaic-names' once");
    }
  }
}

void check_decoder(const Model& model) {
  if (is_encoder(model)) return;
  const bool stateful = std::any_of(model.graph.inputs.begin(), model.graph.inputs.end(),
                                    [](const ValueInfo& input) { return is_state(input.name); });
  const bool answers =
      graph::has_output(model.graph, "logits") || graph::has_output(model.graph, sampler::kNextTokens);
  if (stateful && answers) return;
  const std::string* task = graph::find_metadata(model, graph::metadata::kTask);
  if (!stateful && task && *task != "causal-lm") {
    throw Error(ErrorCode::kNotSupported,
                "qaic-names: a decoder for '" + *task + "' has no form that QAic tools know")
        .key("task")
        .remedy("run it on the cpu backend, or take an encoder for this task");
  }
  throw Error(ErrorCode::kInvalidArgument, stateful ? "qaic-names: the graph has no output 'logits'"
                                                    : "qaic-names: the decoder has no retained state")
      .remedy("run 'qaic-kv-cache' before 'qaic-names'");
}

}  // namespace

std::vector<sdk::OptionInfo> QaicNames::options() const {
  return {{"token-type-ids", sdk::ValueType::kBool, "false",
           "encoders keep token_type_ids as a third input; else all types are 0"}};
}

bool QaicNames::apply(Model& model, const sdk::TransformArgs& args) const {
  refuse_twice(model);
  refuse_length(model);
  check_decoder(model);
  if (is_encoder(model)) {
    if (!args.options.flag("token-type-ids")) make_types_zero(model);
    rename_hidden_states(model);
  } else if (args.options.given("token-type-ids")) {
    throw Error(ErrorCode::kInvalidArgument, "qaic-names: a decoder has no token_type_ids")
        .key("token-type-ids");
  }
  rename_norms(model);
  order_inputs(model);
  for (std::vector<ValueInfo>* list : {&model.graph.inputs, &model.graph.outputs, &model.graph.value_info}) {
    rename_symbols(*list);
  }
  return true;
}

}  // namespace tessera::transforms
