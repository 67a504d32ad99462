#include "network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_set>

#include "core/plugin/search.hpp"
#include "plugins/qaic/qpc/elements.hpp"
#include "plugins/qaic/standin/compile/compile.hpp"
#include "plugins/qaic/standin/compile/constants.hpp"
#include "plugins/qaic/standin/compile/graph_io.hpp"
#include "plugins/qaic/standin/compile/microscaling.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/status.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::qaic::standin {
namespace {

constexpr float kUnwritten = 1e4f;  // nobody may depend on what a card's memory holds at the start

plugin::Search search_cpu() {
  for (const plugin::Candidate& candidate : plugin::candidates(plugin::Search::from_environment()))
    if (candidate.path.filename() == "tessera-cpu.so") return {{}, {{candidate.path, "the stand-in"}}};
  throw Error(ErrorCode::kNotFound, "the stand-in computes with the plugin tessera-cpu.so, which is not here")
      .remedy("name its folder in TESSERA_PLUGIN_PATH");
}

/// Maps constants.bin, the one location that the stand-in's compiler leaves in a graph; ranges are checked.
tsr_status* map_constants(void* ctx, tsr_str, uint64_t offset, uint64_t length, tsr_buffer* out) {
  const auto& constants = *static_cast<const std::string_view*>(ctx);
  out->data = constants.data() + offset;
  out->size = length;
  out->release = nullptr;
  out->ctx = nullptr;
  return nullptr;
}

void drop_constants(void*, tsr_str, uint64_t, uint64_t) {}

void check_constants(const graph::Model& model, std::string_view constants) {
  for (const graph::Tensor& tensor : model.graph.initializers) {
    if (!tensor.external) continue;
    const graph::ExternalData& range = *tensor.external;
    if (range.location == kConstants && range.offset <= constants.size() &&
        range.length <= constants.size() - range.offset)
      continue;
    throw Error(ErrorCode::kCorruptData,
                fmt::format("malformed qpc: the bytes of tensor '{}' leave constants.bin", tensor.name))
        .key(tensor.name);
  }
}

graph::Model read_graph(const Qpc& qpc) {
  const Segment* segment = find_segment(qpc.segments, kStandInGraph);
  if (segment == nullptr)
    throw Error(ErrorCode::kNotSupported,
                "the program was compiled for a card; the stand-in runs what its own compiler made");
  return graph::read_model(segment->bytes);
}

GraphFacts facts_of(const graph::Model& model) {
  GraphFacts facts;
  for (const auto& [key, value] : model.metadata_props) {
    if (key == kPrecisionKey) facts.fp16 = value == "fp16";
    if (key == kDevicesKey) std::from_chars(value.data(), value.data() + value.size(), facts.devices);
    if (key != kMxint8Key) continue;
    for (size_t start = 0, end; (end = value.find('\n', start)) != std::string::npos; start = end + 1)
      facts.mxint8.insert(value.substr(start, end - start));
  }
  return facts;
}

void inline_unclaimed(graph::Model& model, const plugin::Backend& backend) {
  const std::vector<std::string> claimed = backend.property("functions.claimed").as_text_list();
  const std::unordered_set<std::string> names(claimed.begin(), claimed.end());
  graph::inline_functions(model, [&](const graph::Function& f) { return names.count(f.name) > 0; });
}

/// In [-1, 1], the same for the same arguments.
double noise(uint64_t shape, uint64_t place, uint32_t bits) {
  uint64_t x = shape * 0x9E3779B97F4A7C15u + place * 0xBF58476D1CE4E5B9u + bits;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  x ^= x >> 31;
  return static_cast<double>(x >> 11) * 0x1p-52 - 1.0;
}

void disturb(float* values, size_t count, const Disturbance& disturbance) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    values[i] *= static_cast<float>(1.0 + 1e-6 * disturbance.noise_ppm * noise(disturbance.shape, i, bits));
  }
}

}  // namespace

std::shared_ptr<PluginRegistry> cpu_registry() {
  static std::mutex mutex;
  static std::weak_ptr<PluginRegistry> known;
  const std::lock_guard lock(mutex);
  if (std::shared_ptr<PluginRegistry> registry = known.lock()) return registry;
  auto registry = std::make_shared<PluginRegistry>(search_cpu());
  known = registry;
  return registry;
}

GraphFacts read_graph_facts(const Qpc& qpc) {
  return facts_of(read_graph(qpc));
}

Network::Network(std::shared_ptr<PluginRegistry> registry, const Qpc& qpc) : registry_(std::move(registry)) {
  graph::Model model = read_graph(qpc);
  facts_ = facts_of(model);
  for (const auto* list : {&model.graph.inputs, &model.graph.outputs})
    for (const graph::ValueInfo& info : *list) dtypes_[info.name] = info.dtype;
  for (const auto* list : {&qpc.network.inputs, &qpc.network.outputs})
    for (const NetworkBinding& binding : *list)
      if (dtypes_.count(binding.name) == 0)
        throw Error(ErrorCode::kCorruptData,
                    fmt::format("the graph of the program lacks its binding '{}'", binding.name));
  const plugin::Backend& cpu = registry_->find_backend("cpu");
  inline_unclaimed(model, cpu);

  const Segment* segment = find_segment(qpc.segments, kConstants);
  std::string_view constants = segment == nullptr ? std::string_view() : segment->bytes;
  check_constants(model, constants);
  tsr_weights weights{};
  weights.struct_size = sizeof weights;
  weights.ctx = &constants;
  weights.map = map_constants;
  weights.drop = drop_constants;
  const std::string bytes = graph::write_model(model);
  program_ = std::make_unique<plugin::Program>(cpu.compile({bytes, "", &weights, {}, {}}));
}

/// A tensor of the graph.
struct Activation::Value {
  graph::DataType dtype;
  std::vector<int64_t> dims;
  size_t count = 0;
  std::vector<std::byte> bytes;

  Value(graph::DataType type, const TensorShape& shape) : dtype(type), dims(shape.dims), count(1) {
    for (const int64_t dim : dims) count *= static_cast<size_t>(dim);
    bytes.resize(count * graph::element_size(dtype));
  }
  plugin::RunTensor tensor(const std::string& name) {
    return {name, dtype, dims, bytes.data(), bytes.size()};
  }
};

Activation::Activation(std::shared_ptr<const Network> network, const IoDesc& io)
    : network_(std::move(network)),
      bindings_(io.selected_set.bindings),
      session_(network_->program().create_session({0, 0, uint64_t{1} << 20, {}})) {
  for (const IoBinding& binding : bindings_) {
    if (binding.output || !binding.partial_allowed) continue;
    const auto type = dtype_of(binding.type);
    if (!type) continue;
    const size_t count = binding.size / element_bytes(binding.type);
    std::vector<uint8_t>& state = states_[binding.name];
    state.resize(binding.size);
    if (!can_convert(graph::DataType::kFloat, *type)) continue;
    const std::vector<float> unwritten(count, kUnwritten);
    convert_elements(graph::DataType::kFloat, unwritten.data(), *type, state.data(), count);
  }
}

Activation::Value Activation::take_input(size_t index, const BoundBuffer& buffer,
                                         const TensorShape& shape) const {
  const IoBinding& binding = bindings_[index];
  Value value(network_->dtype(binding.name), shape);
  const auto type = dtype_of(binding.type);
  if (!type || !can_convert(*type, value.dtype))
    throw Error(ErrorCode::kNotSupported, fmt::format("no way from {} of binding '{}' to its graph",
                                                      io_data_type_name(binding.type), binding.name));
  check_state(binding.name, value.count * element_bytes(binding.type));
  const uint8_t* source = buffer.data != nullptr ? buffer.data : states_.at(binding.name).data();
  convert_elements(*type, source, value.dtype, value.bytes.data(), value.count);
  return value;
}

/// A descriptor may be damaged: state is one piece of memory in all shapes.
void Activation::check_state(const std::string& name, uint64_t bytes) const {
  const auto state = states_.find(name);
  if (state == states_.end() || state->second.size() == bytes) return;
  throw Error(ErrorCode::kCorruptData,
              fmt::format("state '{}' has {} bytes, a shape wants {}", name, state->second.size(), bytes));
}

void Activation::give_output(size_t index, const BoundBuffer& buffer, Value& value,
                             const Disturbance& disturbance) {
  const IoBinding& binding = bindings_[index];
  const std::string state = state_input_of(binding.name);
  const bool kept = states_.count(state) > 0;
  if (value.dtype == graph::DataType::kFloat) {
    auto* floats = reinterpret_cast<float*>(value.bytes.data());
    if (disturbance.noise_ppm > 0 && !kept) disturb(floats, value.count, disturbance);
    if (kept && network_->facts().mxint8.count(state) > 0) round_rows_to_mxint8(floats, value);
    if (network_->facts().fp16) round_to_half(reinterpret_cast<char*>(floats), value.count);
  }
  const auto type = dtype_of(binding.type).value();
  if (kept) check_state(state, value.count * element_bytes(binding.type));
  if (kept) convert_elements(value.dtype, value.bytes.data(), type, states_.at(state).data(), value.count);
  if (buffer.data != nullptr)
    convert_elements(value.dtype, value.bytes.data(), type, buffer.data, value.count);
}

/// Blocks lie along head_dim, the last axis.
void Activation::round_rows_to_mxint8(float* floats, const Value& value) {
  const auto row = static_cast<size_t>(value.dims.empty() ? 1 : value.dims.back());
  for (size_t first = 0; first < value.count; first += row)
    round_to_mx(MxElement::kInt8, floats + first, row);
}

void Activation::run(const std::vector<BoundBuffer>& buffers, const IoShapes& shapes,
                     const Disturbance& disturbance) {
  const std::lock_guard lock(mutex_);
  std::vector<Value> values;
  values.reserve(bindings_.size());
  std::vector<plugin::RunTensor> inputs, outputs;
  for (size_t i = 0; i < bindings_.size(); ++i) {
    const IoBinding& binding = bindings_[i];
    if (binding.output) {
      values.emplace_back(network_->dtype(binding.name), shapes[i]);
      outputs.push_back(values.back().tensor(binding.name));
    } else {
      values.push_back(take_input(i, buffers[i], shapes[i]));
      inputs.push_back(values.back().tensor(binding.name));
    }
  }
  session_.run(inputs, outputs);
  for (size_t i = 0; i < bindings_.size(); ++i)
    if (bindings_[i].output) give_output(i, buffers[i], values[i], disturbance);
}

uint64_t state_bytes(const IoDesc& io) {
  uint64_t bytes = 0;
  for (const IoBinding& binding : io.selected_set.bindings)
    if (!binding.output && binding.partial_allowed) bytes += binding.size;
  return bytes;
}

}  // namespace tessera::qaic::standin
