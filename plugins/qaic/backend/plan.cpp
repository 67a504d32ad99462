#include "plugins/qaic/backend/plan.hpp"

#include <fmt/format.h>

#include "plugins/qaic/backend/compile_folder.hpp"

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

int64_t weight_bytes(const graph::Model& model, const Settings& settings) {
  int64_t bytes = 0;
  for (const graph::Tensor& tensor : model.graph.initializers) {
    if (is_float(tensor.dtype)) bytes += elements(tensor) * (settings.fp16 ? 2 : 4);
  }
  return bytes;
}

/// Symbols of a state's shape as the specializations set them.
int64_t state_elements(const graph::ValueInfo& state, const Specialization& sizes) {
  int64_t count = 1;
  for (const graph::Dimension& dim : state.shape) {
    int64_t size = dim.value;
    for (const auto& [symbol, value] : sizes.symbols) {
      if (symbol == dim.symbol) size = value;
    }
    count *= size;
  }
  return count;
}

int64_t kv_bytes(const graph::Model& model, const Settings& settings, const Specialization& sizes) {
  int64_t count = 0;
  for (const graph::ValueInfo& input : model.graph.inputs) {
    if (input.shape.size() == 4) count += state_elements(input, sizes);
  }
  // MXINT8: 32 int8 share a scale of 8 bits.
  if (settings.mxint8_kv_cache) return count + count / 32;
  return count * (settings.fp16 ? 2 : 4);
}

std::string symbols_json(const Specialization& entry) {
  std::vector<std::string> symbols;
  for (const auto& [symbol, value] : entry.symbols)
    symbols.push_back(fmt::format("\"{}\":{}", symbol, value));
  return fmt::format("{{\"name\":\"{}\",{}}}", entry.name, fmt::join(symbols, ","));
}

}  // namespace

std::string plan_json(const graph::Model& model, const Settings& settings) {
  const std::vector<Specialization> entries = specializations_of(facts_of(model), settings);
  std::vector<std::string> texts;
  for (const Specialization& entry : entries) texts.push_back(symbols_json(entry));
  const int64_t devices = settings.num_devices;
  return fmt::format(
      "{{\"specializations\":[{}],\"num_cores\":{},\"num_devices\":{},\"weight_bytes\":{},\"kv_bytes\":{}}}",
      fmt::join(texts, ","), settings.num_cores, devices, weight_bytes(model, settings) / devices,
      kv_bytes(model, settings, entries.front()) / devices);
}

}  // namespace tessera::qaic
