#include "graph_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "plugins/qaic/qpc/elements.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {
namespace {

constexpr std::string_view kStateSuffix = "_RetainedState";

[[noreturn]] void refuse(const std::string& name, const std::string& message) {
  throw Error(ErrorCode::kInvalidArgument, message).key(name);
}

IoDataType type_of(const graph::ValueInfo& info, const IoChoices& choices) {
  const auto custom = choices.precisions.find(info.name);
  if (custom != choices.precisions.end() && info.dtype != graph::DataType::kFloat &&
      info.dtype != graph::DataType::kFloat16)
    refuse(info.name, fmt::format("the custom I/O list gives '{}' a precision, but it is {}", info.name,
                                  graph::dtype_name(info.dtype)));
  // MXINT8 is a form in the card's memory; what the host sees of it is float16.
  if (custom != choices.precisions.end())
    return custom->second == "float32" ? IoDataType::kFloat : IoDataType::kFloat16;
  const auto type = io_data_type_of(info.dtype);
  if (!type || *type == IoDataType::kBfloat16)
    throw Error(ErrorCode::kNotSupported, fmt::format("'{}' is {}: ai100 has no such input or output",
                                                      info.name, graph::dtype_name(info.dtype)))
        .key(info.name);
  return *type;
}

std::vector<int64_t> dims_of(const graph::ValueInfo& info, const Specialization& specialization) {
  if (!info.has_shape) refuse(info.name, fmt::format("'{}' has no declared shape", info.name));
  std::vector<int64_t> dims;
  for (const graph::Dimension& dim : info.shape) {
    const auto symbol = specialization.find(dim.symbol);
    if (dim.value >= 0)
      dims.push_back(dim.value);
    else if (symbol != specialization.end())
      dims.push_back(symbol->second);
    else
      refuse(info.name, fmt::format("dimension '{}' of '{}' has no value in a specialization",
                                    dim.symbol.empty() ? "?" : dim.symbol, info.name));
  }
  return dims;
}

/// All graph inputs that are no initializers.
std::vector<const graph::ValueInfo*> inputs_of(const graph::Graph& graph) {
  std::unordered_set<std::string> initializers;
  for (const graph::Tensor& tensor : graph.initializers) initializers.insert(tensor.name);
  std::vector<const graph::ValueInfo*> inputs;
  for (const graph::ValueInfo& info : graph.inputs)
    if (initializers.count(info.name) == 0) inputs.push_back(&info);
  return inputs;
}

std::set<std::string> states_of(const graph::Graph& graph, const IoChoices& choices) {
  std::set<std::string> states;
  if (!choices.retained_state) return states;
  std::set<std::string> inputs;
  for (const graph::ValueInfo* info : inputs_of(graph)) inputs.insert(info->name);
  for (const graph::ValueInfo& info : graph.outputs) {
    const std::string input = state_input_of(info.name);
    if (input.empty()) continue;
    if (inputs.count(input) == 0)
      refuse(info.name,
             fmt::format("output '{}' is the state of an input '{}' that the graph lacks", info.name, input));
    states.insert(input);
    states.insert(info.name);
  }
  return states;
}

void check_custom_io(const graph::Graph& graph, const IoChoices& choices) {
  std::set<std::string> names;
  for (const graph::ValueInfo& info : graph.inputs) names.insert(info.name);
  for (const graph::ValueInfo& info : graph.outputs) names.insert(info.name);
  for (const auto& [name, precision] : choices.precisions)
    if (names.count(name) == 0)
      refuse(name, fmt::format("the custom I/O list names '{}', which the graph lacks", name));
}

/// State is one piece of memory: the same in all specializations, at both ends.
void check_states(const NetworkDesc& network, const std::set<std::string>& states) {
  std::map<std::string, TensorShape> seen;
  std::vector<std::string> names;
  for (const auto* list : {&network.inputs, &network.outputs})
    for (const NetworkBinding& binding : *list) names.push_back(binding.name);
  for (const IoShapes& shapes : network.allowed_shapes) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (states.count(names[i]) == 0) continue;
      const std::string output_of = state_input_of(names[i]);
      const std::string& key = output_of.empty() ? names[i] : output_of;
      if (seen.emplace(key, shapes[i]).first->second != shapes[i])
        refuse(names[i], fmt::format("the state '{}' does not have one shape and type everywhere", key));
    }
  }
}

}  // namespace

std::string state_input_of(const std::string& output) {
  if (output.size() <= kStateSuffix.size() || !output.ends_with(kStateSuffix)) return {};
  std::string input = output.substr(0, output.size() - kStateSuffix.size());
  constexpr std::string_view kInternal = "_Internal";  // of models with sub-functions
  if (input.ends_with("_Internal")) input.resize(input.size() - kInternal.size());
  return input;
}

NetworkDesc bindings_of(const graph::Model& model, const IoChoices& choices) {
  check_custom_io(model.graph, choices);
  const std::set<std::string> states = states_of(model.graph, choices);
  const std::vector<Specialization> specializations =
      choices.specializations.empty() ? std::vector<Specialization>(1) : choices.specializations;

  NetworkDesc network;
  network.name = model.graph.name;
  network.allowed_shapes.resize(specializations.size());
  const auto add = [&](const graph::ValueInfo& info, std::vector<NetworkBinding>& list) {
    NetworkBinding& binding = list.emplace_back();
    binding.name = info.name;
    binding.type = type_of(info, choices);
    binding.partial_allowed = states.count(info.name) > 0;
    for (size_t i = 0; i < specializations.size(); ++i) {
      const std::vector<int64_t> dims = dims_of(info, specializations[i]);
      if (binding.dims.empty() || tensor_bytes(binding.type, dims) > tensor_bytes(binding.type, binding.dims))
        binding.dims = dims;
      network.allowed_shapes[i].push_back({binding.type, dims});
    }
  };
  for (const graph::ValueInfo* info : inputs_of(model.graph)) add(*info, network.inputs);
  for (const graph::ValueInfo& info : model.graph.outputs) add(info, network.outputs);
  check_states(network, states);
  if (specializations.size() == 1 && choices.specializations.empty()) network.allowed_shapes.clear();
  if (!network.inputs.empty() && !network.inputs[0].dims.empty())
    network.batch_size = network.inputs[0].dims[0];
  return network;
}

}  // namespace tessera::qaic::standin
