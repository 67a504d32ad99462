/// Checkpoints of known shape with random weights, for benchmarks without a download.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "tessera/model.hpp"

namespace tessera {

/// A Llama by its config.json keys.
struct Shape {
  std::string_view name;  ///< "llama-0.5b"
  int64_t hidden_size, num_hidden_layers, num_attention_heads, num_key_value_heads, intermediate_size,
      vocab_size;
  bool tie_word_embeddings;
};

/// llama-0.5b, llama-1.1b, llama-15m.
std::span<const Shape> shapes();

/// Throws Error kNotFound naming the nearest.
const Shape& shape(std::string_view name);

/// Writes config.json and model.safetensors (no tokenizer) into `folder`, which is made. `dtype`: "f32",
/// "f16", "bf16". The same arguments give the same bytes. Throws Error kIo when the disk is full; nothing is
/// left then.
void write_random_checkpoint(const std::filesystem::path& folder, const Shape& shape, std::string_view dtype,
                             const ProgressFn& progress = {});

}  // namespace tessera
