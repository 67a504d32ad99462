#include "plugins/qaic/backend/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "plugins/qaic/backend/compile_folder.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/weight_nodes.hpp"

namespace tessera::qaic {
namespace {

int64_t elements(const graph::Tensor& tensor) {
  int64_t count = 1;
  for (const int64_t dim : tensor.dims) count *= dim;
  return count;
}

bool is_float(graph::DataType dtype) {
  return dtype == graph::DataType::kFloat || dtype == graph::DataType::kFloat16 ||
         dtype == graph::DataType::kBfloat16;
}

/// The sizes of one specialization put for the symbols of a shape; dimensions that nobody knows count 1.
int64_t elements(const std::vector<graph::Dimension>& shape, const Specialization& sizes) {
  int64_t count = 1;
  for (const graph::Dimension& dim : shape) {
    int64_t size = std::max<int64_t>(dim.value, 1);
    for (const auto& [symbol, value] : sizes.symbols) {
      if (symbol == dim.symbol) size = value;
    }
    count *= size;
  }
  return count;
}

/// A weight that a MatMul reads, through casts and transpositions: what -mxfp6-matmul packs.
bool feeds_matmul(const graph::Graph& graph, const graph::ValueIndex& index, const std::string& value) {
  const std::vector<size_t>& readers = index.consumers(value);
  return !readers.empty() && std::all_of(readers.begin(), readers.end(), [&](size_t reader) {
    const graph::Node& node = graph.nodes[reader];
    if (node.op_type == "MatMul" || node.op_type == "Gemm") return true;
    const bool passes_on =
        node.op_type == "Cast" || node.op_type == "Transpose" || graph::is_weight_node(node);
    return passes_on && feeds_matmul(graph, index, node.outputs.at(0));
  });
}

/// As the card holds them: what weight nodes make counts, not what they read.
int64_t weight_bytes(const graph::Model& model, const Settings& settings) {
  constexpr double kMxfp6Bits = 6 + 8.0 / 32;  // 32 elements share a scale of 8 bits
  const graph::ValueIndex index(model.graph);
  double bytes = 0;
  for (const graph::Tensor& tensor : model.graph.initializers) {
    if (!is_float(tensor.dtype)) continue;
    const bool packed =
        settings.mxfp6_matmul && tensor.dims.size() == 2 && feeds_matmul(model.graph, index, tensor.name);
    bytes += static_cast<double>(elements(tensor)) * (packed ? kMxfp6Bits / 8 : settings.fp16 ? 2 : 4);
  }
  return static_cast<int64_t>(bytes);
}

int64_t kv_bytes(const graph::Model& model, const Settings& settings, const Specialization& sizes) {
  int64_t count = 0;
  for (const graph::ValueInfo& input : model.graph.inputs) {
    if (input.shape.size() == 4) count += elements(input.shape, sizes);
  }
  if (settings.mxint8_kv_cache) return count + count / 32;  // 32 int8 share a scale of 8 bits
  return count * (settings.fp16 ? 2 : 4);
}

/// Bytes of the declared values that are alive at once at most, in the order of the nodes; states and weights
/// do not count. An estimate: a compiler fuses, tiles and orders anew.
int64_t activation_bytes(const graph::Model& model, const Settings& settings, const Specialization& sizes) {
  const graph::ValueIndex index(model.graph);
  std::unordered_map<std::string, int64_t> bytes;
  for (const auto* list : {&model.graph.value_info, &model.graph.outputs}) {
    for (const graph::ValueInfo& value : *list) {
      if (value.shape.size() == 4 && graph::has_output(model.graph, value.name)) continue;
      const int64_t size = is_float(value.dtype) && settings.fp16 ? 2 : 4;
      bytes[value.name] = elements(value.shape, sizes) * size;
    }
  }
  std::vector<int64_t> freed(model.graph.nodes.size() + 1);
  int64_t alive = 0, most = 0;
  for (size_t i = 0; i < model.graph.nodes.size(); ++i) {
    const graph::Node& node = model.graph.nodes[i];
    for (const std::string& output : node.outputs) {
      const auto known = bytes.find(output);
      if (known == bytes.end() || graph::is_weight_node(node)) continue;
      alive += known->second;
      const std::vector<size_t>& readers = index.consumers(output);
      if (!readers.empty()) freed[readers.back()] += known->second;
    }
    most = std::max(most, alive);
    alive -= freed[i];
  }
  return most;
}

int64_t largest_activations(const graph::Model& model, const Settings& settings,
                            const std::vector<Specialization>& entries) {
  int64_t most = 0;
  for (const Specialization& entry : entries) most = std::max(most, activation_bytes(model, settings, entry));
  return most;
}

std::string symbols_json(const Specialization& entry) {
  std::vector<std::string> symbols;
  for (const auto& [symbol, value] : entry.symbols)
    symbols.push_back(fmt::format("\"{}\":{}", symbol, value));
  return fmt::format("{{\"name\":\"{}\",{}}}", entry.name, fmt::join(symbols, ","));
}

}  // namespace

std::string plan_json(const graph::Model& model, const Settings& settings, const std::string& cache) {
  const std::vector<Specialization> entries = specializations_of(facts_of(model), settings);
  std::vector<std::string> texts;
  for (const Specialization& entry : entries) texts.push_back(symbols_json(entry));
  const int64_t devices = settings.num_devices;
  return fmt::format(
      "{{\"specializations\":[{}],\"num_cores\":{},\"num_devices\":{},\"per_device\":{{\"weight_bytes\":{},"
      "\"kv_bytes\":{},\"activation_bytes\":{}}},\"cache\":{}}}",
      fmt::join(texts, ","), settings.num_cores, devices, weight_bytes(model, settings) / devices,
      kv_bytes(model, settings, entries.front()) / devices,
      largest_activations(model, settings, entries) / devices, cache);
}

}  // namespace tessera::qaic
