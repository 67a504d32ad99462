#include "tests/plugins/cpu/tiny_llama.hpp"

#include <cmath>
#include <cstring>
#include <utility>

#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/functions.hpp"

namespace tessera::cpu {
namespace {

using graph::DataType;
using graph::Node;

uint16_t half_bits(float value) {  // |value| in [2^-14, 65504) or 0; the fraction is cut
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const int exponent = static_cast<int>((bits >> 23) & 0xff) - 127 + 15;
  if (exponent <= 0) return static_cast<uint16_t>(sign);
  return static_cast<uint16_t>(sign | (static_cast<uint32_t>(exponent) << 10) | ((bits >> 13) & 0x3ffu));
}

std::string element(float value, DataType dtype) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (dtype == DataType::kFloat) return std::string(reinterpret_cast<const char*>(&bits), 4);
  const auto half = dtype == DataType::kFloat16 ? half_bits(value) : static_cast<uint16_t>(bits >> 16);
  return std::string(reinterpret_cast<const char*>(&half), 2);
}

// Collects nodes under names like an architecture's.
class Nodes {
 public:
  explicit Nodes(graph::Graph& graph) : graph_(graph) {}
  std::string call(const std::string& op, std::string name, std::vector<std::string> inputs,
                   std::vector<graph::Attribute> attributes = {}, std::vector<std::string> outputs = {}) {
    Node node;
    node.op_type = op;
    node.domain = graph::find_canonical(op) != nullptr ? "tessera" : "";
    node.outputs = outputs.empty() ? std::vector<std::string>{name + "/out"} : std::move(outputs);
    node.name = std::move(name);
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    node.doc_string = "plugin=tiny";
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().outputs[0];
  }

 private:
  graph::Graph& graph_;
};

}  // namespace

MemoryFile::MemoryFile() {
  c_.struct_size = sizeof(c_);
  c_.ctx = this;
  c_.map = [](void* ctx, tsr_str, uint64_t offset, uint64_t length, tsr_buffer* out) -> tsr_status* {
    auto& self = *static_cast<MemoryFile*>(ctx);
    out->data = self.bytes_.data() + offset;
    out->size = length;
    out->release = [](void*) {};
    return nullptr;
  };
  c_.drop = [](void* ctx, tsr_str, uint64_t, uint64_t length) {
    static_cast<MemoryFile*>(ctx)->dropped_bytes += length;
  };
}

float MemoryFile::next() {
  state_ = state_ * 1664525u + 1013904223u;
  return static_cast<float>(state_ >> 8) / static_cast<float>(1 << 23) - 1.0f;
}

graph::Tensor MemoryFile::add(const std::string& name, std::vector<int64_t> dims, DataType dtype, float mean,
                              float spread) {
  graph::Tensor tensor;
  tensor.name = name;
  tensor.dtype = dtype;
  tensor.external = std::make_unique<graph::ExternalData>();
  tensor.external->location = "weights.bin";
  tensor.external->offset = bytes_.size();
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  for (int64_t i = 0; i < count; ++i) bytes_ += element(mean + spread * next(), dtype);
  tensor.external->length = bytes_.size() - tensor.external->offset;
  tensor.dims = std::move(dims);
  return tensor;
}

TinyLlama::TinyLlama(const TinyConfig& c) : config_(c), file_(std::make_unique<MemoryFile>()) {
  file_->pad(c.first_offset);
  const auto matrix = [&](const std::string& name, int64_t out, int64_t in) {
    weights_.push_back(file_->add(name, {out, in}, c.dtype, 0, 1.5f / std::sqrt(static_cast<float>(in))));
  };
  const auto vector = [&](const std::string& name, int64_t n, float mean) {
    weights_.push_back(file_->add(name, {n}, c.dtype, mean, 0.2f));
  };
  matrix("embed", c.vocab, c.hidden);
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    const std::string at = "layers." + std::to_string(layer) + ".";
    vector(at + "input_norm", c.hidden, 1);
    matrix(at + "q", c.heads * c.head_dim, c.hidden);
    matrix(at + "k", c.kv_heads * c.head_dim, c.hidden);
    matrix(at + "v", c.kv_heads * c.head_dim, c.hidden);
    if (c.bias) {
      vector(at + "q.bias", c.heads * c.head_dim, 0);
      vector(at + "k.bias", c.kv_heads * c.head_dim, 0);
      vector(at + "v.bias", c.kv_heads * c.head_dim, 0);
    }
    matrix(at + "o", c.hidden, c.heads * c.head_dim);
    vector(at + "post_norm", c.hidden, 1);
    matrix(at + "gate", c.inner, c.hidden);
    matrix(at + "up", c.inner, c.hidden);
    matrix(at + "down", c.hidden, c.inner);
  }
  vector("norm", c.hidden, 1);
  if (!c.tied) matrix("head", c.vocab, c.hidden);
}

graph::Model TinyLlama::build(bool slots) const {
  const TinyConfig& c = config_;
  graph::Model model;
  model.opset_imports = {{"", 17}, {"tessera", 1}};
  model.functions = graph::canonical_functions();
  graph::Graph& graph = model.graph;
  graph.name = "tiny";
  graph.initializers = weights_;
  const std::vector<graph::Dimension> rows = {graph::symbolic_dim("batch"), graph::symbolic_dim("seq")};
  const auto input = [&](const std::string& name, std::vector<graph::Dimension> shape, DataType dtype) {
    graph.inputs.push_back(graph::tensor_value(name, dtype, std::move(shape)));
  };
  input("input_ids", rows, DataType::kInt64);
  input("position_ids", rows, DataType::kInt64);
  if (c.dynamic) input("rope_length", rows, DataType::kInt64);
  if (slots) {
    input("batch_index", {graph::symbolic_dim("batch"), graph::fixed_dim(1)}, DataType::kInt64);
    input("logits_rows", {graph::symbolic_dim("n")}, DataType::kInt64);
  }
  Nodes nodes(graph);
  const auto hidden_value = [&](const std::string& name) {
    graph.outputs.push_back(
        graph::tensor_value(name, DataType::kFloat, {rows[0], rows[1], graph::fixed_dim(c.hidden)}));
  };
  nodes.call("Embedding", "embed_tokens", {"input_ids", "embed"}, {}, {"hidden.0"});
  if (c.dynamic) {
    nodes.call("DynamicRotaryTable", "rotary", {"position_ids", "rope_length"},
               {graph::int_attribute("rotary_dim", c.head_dim), graph::float_attribute("theta", 10000),
                graph::float_attribute("factor", 4), graph::int_attribute("original_length", 16)},
               {"cos", "sin"});
  } else {
    graph::Tensor inv_freq;
    inv_freq.name = "inv_freq";
    inv_freq.dtype = DataType::kFloat;
    inv_freq.dims = {c.head_dim / 2};
    for (int64_t i = 0; i < c.head_dim / 2; ++i) {
      inv_freq.raw_data +=
          element(std::pow(10000.0f, -2.0f * static_cast<float>(i) / static_cast<float>(c.head_dim)),
                  DataType::kFloat);
    }
    graph.initializers.push_back(inv_freq);
    nodes.call("RotaryTable", "rotary", {"position_ids", "inv_freq"}, {graph::float_attribute("scale", 1)},
               {"cos", "sin"});
  }
  hidden_value("hidden.0");
  std::string x = "hidden.0";
  for (int64_t layer = 0; layer < c.layers; ++layer) {
    const std::string at = "layers." + std::to_string(layer), w = at + ".", number = std::to_string(layer);
    const auto project = [&](const std::string& which, const std::string& from) {
      return c.bias ? nodes.call("LinearBias", at + "/" + which, {from, w + which, w + which + ".bias"})
                    : nodes.call("Linear", at + "/" + which, {from, w + which});
    };
    const auto norm = [&](const std::string& which, const std::string& from) {
      return nodes.call("RMSNorm", at + "/" + which, {from, w + which},
                        {graph::float_attribute("epsilon", 1e-5f)});
    };
    const std::string normed = norm("input_norm", x);
    const std::string q0 = project("q", normed), k0 = project("k", normed), v = project("v", normed);
    const std::string q = nodes.call("RotaryEmbedding", at + "/q_rotary", {q0, "cos", "sin"},
                                     {graph::int_attribute("num_heads", c.heads)});
    const std::string k = nodes.call("RotaryEmbedding", at + "/k_rotary", {k0, "cos", "sin"},
                                     {graph::int_attribute("num_heads", c.kv_heads)});
    std::vector<std::string> inputs = {q, k, v, "position_ids"}, outputs = {at + "/attention/out"};
    if (slots) {
      const std::vector<graph::Dimension> cache = {graph::symbolic_dim("slots"), graph::fixed_dim(c.kv_heads),
                                                   graph::symbolic_dim("ctx_len"),
                                                   graph::fixed_dim(c.head_dim)};
      inputs.push_back("batch_index");
      for (const std::string state : {"past_key.", "past_value."}) {
        inputs.push_back(state + number);
        outputs.push_back(state + number + "_RetainedState");
        input(inputs.back(), cache, DataType::kFloat);
        graph.outputs.push_back(graph::tensor_value(outputs.back(), DataType::kFloat, cache));
      }
    }
    std::vector<graph::Attribute> attributes = {
        graph::int_attribute("num_heads", c.heads), graph::int_attribute("kv_heads", c.kv_heads),
        graph::float_attribute("scale", 1.0f / std::sqrt(static_cast<float>(c.head_dim)))};
    if (c.window > 0) attributes.push_back(graph::int_attribute("window", c.window));
    nodes.call(std::string(c.window > 0 ? "Windowed" : "") + (slots ? "SlotAttention" : "Attention"),
               at + "/attention", inputs, attributes, outputs);
    const std::string o = nodes.call("Linear", at + "/o", {outputs[0], w + "o"});
    x = nodes.call("Add", at + "/add", {x, o});
    const std::string post = norm("post_norm", x);
    const std::string gate = nodes.call("Linear", at + "/gate", {post, w + "gate"});
    const std::string up = nodes.call("Linear", at + "/up", {post, w + "up"});
    const std::string silu = nodes.call("Silu", at + "/silu", {gate});
    const std::string mul = nodes.call("Mul", at + "/mul", {silu, up});
    const std::string down = nodes.call("Linear", at + "/down", {mul, w + "down"});
    const bool last = layer + 1 == c.layers;
    const std::string leaves = last ? "last" : "hidden." + std::to_string(layer + 1);
    x = nodes.call("Add", at + "/add2", {x, down}, {}, {leaves});
    if (!last) hidden_value(leaves);
  }
  const std::string final_value = "hidden." + std::to_string(c.layers);
  nodes.call("RMSNorm", "norm", {x, "norm"}, {graph::float_attribute("epsilon", 1e-5f)}, {final_value});
  hidden_value(final_value);
  std::string kept = final_value;
  if (slots)
    kept = nodes.call("Gather", "logits_rows_gather", {final_value, "logits_rows"},
                      {graph::int_attribute("axis", 0)});
  nodes.call("Linear", "lm_head", {kept, c.tied ? "embed" : "head"}, {}, {"logits"});
  graph.outputs.push_back(
      graph::tensor_value("logits", DataType::kFloat,
                          {slots ? graph::symbolic_dim("n") : rows[0], rows[1], graph::fixed_dim(c.vocab)}));
  return model;
}

}  // namespace tessera::cpu
