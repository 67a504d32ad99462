#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "core/checkpoint/dtype.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/synthetic.hpp"

namespace tessera {
namespace {

constexpr std::array kShapes = {
    Shape{"llama-0.5b", 1024, 24, 16, 4, 5120, 32000, false},
    Shape{"llama-1.1b", 2048, 22, 32, 4, 5632, 32000, false},
    Shape{"llama-15m", 288, 6, 6, 6, 768, 32000, true},
};

struct TensorSpec {
  std::string name;
  std::vector<int64_t> dims;
};

std::vector<TensorSpec> tensors_of(const Shape& s) {
  const int64_t head_dim = s.hidden_size / s.num_attention_heads;
  const int64_t kv = s.num_key_value_heads * head_dim;
  std::vector<TensorSpec> tensors{{"model.embed_tokens.weight", {s.vocab_size, s.hidden_size}}};
  for (int64_t i = 0; i < s.num_hidden_layers; ++i) {
    const std::string layer = fmt::format("model.layers.{}.", i);
    tensors.push_back({layer + "input_layernorm.weight", {s.hidden_size}});
    tensors.push_back({layer + "self_attn.q_proj.weight", {s.hidden_size, s.hidden_size}});
    tensors.push_back({layer + "self_attn.k_proj.weight", {kv, s.hidden_size}});
    tensors.push_back({layer + "self_attn.v_proj.weight", {kv, s.hidden_size}});
    tensors.push_back({layer + "self_attn.o_proj.weight", {s.hidden_size, s.hidden_size}});
    tensors.push_back({layer + "post_attention_layernorm.weight", {s.hidden_size}});
    tensors.push_back({layer + "mlp.gate_proj.weight", {s.intermediate_size, s.hidden_size}});
    tensors.push_back({layer + "mlp.up_proj.weight", {s.intermediate_size, s.hidden_size}});
    tensors.push_back({layer + "mlp.down_proj.weight", {s.hidden_size, s.intermediate_size}});
  }
  tensors.push_back({"model.norm.weight", {s.hidden_size}});
  if (!s.tie_word_embeddings) tensors.push_back({"lm_head.weight", {s.vocab_size, s.hidden_size}});
  return tensors;
}

std::string config_json(const Shape& s, std::string_view torch_dtype) {
  return fmt::format(
      "{{\n  \"architectures\": [\"LlamaForCausalLM\"],\n  \"model_type\": \"llama\",\n  \"hidden_size\": "
      "{},\n"
      "  \"num_hidden_layers\": {},\n  \"num_attention_heads\": {},\n  \"num_key_value_heads\": {},\n"
      "  \"intermediate_size\": {},\n  \"vocab_size\": {},\n  \"max_position_embeddings\": 4096,\n"
      "  \"hidden_act\": \"silu\",\n  \"rms_norm_eps\": 1e-05,\n  \"rope_theta\": 10000.0,\n"
      "  \"tie_word_embeddings\": {},\n  \"torch_dtype\": \"{}\"\n}}\n",
      s.hidden_size, s.num_hidden_layers, s.num_attention_heads, s.num_key_value_heads, s.intermediate_size,
      s.vocab_size, s.tie_word_embeddings, torch_dtype);
}

/// Uniform weights of about the spread that training leaves (0.02), made of the top bits of a xorshift
/// generator.
class RandomWeights {
 public:
  explicit RandomWeights(DType dtype) : dtype_(dtype) {}

  void fill(std::vector<char>& bytes, size_t count, bool ones) {
    const size_t size = dtype_ == DType::kF32 ? 4 : 2;
    bytes.resize(count * size);
    for (size_t i = 0; i < count; ++i) {
      const uint32_t word = encode(ones ? 1.0F : next());
      std::memcpy(bytes.data() + i * size, &word, size);  // little-endian
    }
  }

 private:
  float next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    // 11 bits, so that the value is exact in F16 too.
    return (static_cast<float>(state_ >> 53) - 1023.5F) * 0x1p-15F;
  }

  uint32_t encode(float value) const {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    if (dtype_ == DType::kF32) return bits;
    if (dtype_ == DType::kBF16) return bits >> 16;
    // Normal F16 numbers only: |value| >= 2^-16 has enough room for our purpose, smaller ones become zero.
    const int exponent = static_cast<int>(bits >> 23 & 0xFF) - 127 + 15;
    if (exponent <= 0) return bits >> 16 & 0x8000;
    return (bits >> 16 & 0x8000) | static_cast<uint32_t>(exponent) << 10 | (bits >> 13 & 0x3FF);
  }

  DType dtype_;
  uint64_t state_ = 0x9E3779B97F4A7C15U;
};

struct NamedDType {
  std::string_view name, torch_name;
  DType dtype;
};
constexpr std::array kDTypes = {NamedDType{"f32", "float32", DType::kF32},
                                NamedDType{"f16", "float16", DType::kF16},
                                NamedDType{"bf16", "bfloat16", DType::kBF16}};

const NamedDType& dtype_named(std::string_view name) {
  for (const NamedDType& d : kDTypes) {
    if (d.name == name) return d;
  }
  throw Error(ErrorCode::kInvalidArgument, fmt::format("there is no weight type '{}'", name))
      .remedy("one of: f32, f16, bf16");
}

int64_t element_count(const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

}  // namespace

std::span<const Shape> shapes() {
  return kShapes;
}

const Shape& shape(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Shape& s : kShapes) {
    if (s.name == name) return s;
    names.push_back(s.name);
  }
  throw Error(ErrorCode::kNotFound, fmt::format("there is no shape '{}'", name))
      .remedy(did_you_mean(name, names));
}

void write_random_checkpoint(const std::filesystem::path& folder, const Shape& shape,
                             std::string_view dtype_name, const ProgressFn& progress) {
  const NamedDType& dtype = dtype_named(dtype_name);
  std::filesystem::create_directories(folder);
  const std::vector<TensorSpec> tensors = tensors_of(shape);
  int64_t total = 0;
  SafetensorsWriter writer(folder / "model.safetensors");
  for (const TensorSpec& tensor : tensors) {
    writer.declare(tensor.name, dtype.dtype, tensor.dims);
    total += element_count(tensor.dims);
  }
  constexpr int64_t kBlock = 1 << 20;  // elements made at once
  RandomWeights random(dtype.dtype);
  std::vector<char> bytes;
  int64_t done = 0;
  for (const TensorSpec& tensor : tensors) {
    for (int64_t left = element_count(tensor.dims); left > 0; left -= kBlock) {
      const int64_t count = std::min(left, kBlock);
      random.fill(bytes, static_cast<size_t>(count), tensor.dims.size() == 1);
      writer.append(std::as_bytes(std::span(bytes)));
      done += count;
      if (progress &&
          !progress("writing random weights", static_cast<uint64_t>(done), static_cast<uint64_t>(total))) {
        throw Error(ErrorCode::kCancelled, "interrupted");
      }
    }
  }
  writer.finish();
  std::ofstream config(folder / "config.json");
  config << config_json(shape, dtype.torch_name);
  if (!config.flush()) {
    throw Error(ErrorCode::kIo, "config.json cannot be written").file((folder / "config.json").string());
  }
}

}  // namespace tessera
