/// A small random model of Llama's shape, pure and on slots, made with the functions of domain `tessera`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/graph.hpp"

namespace tessera::cpu {

struct TinyConfig {
  int64_t layers = 2, hidden = 48, heads = 4, kv_heads = 2, head_dim = 20, inner = 88, vocab = 75;
  int64_t window = 0;  ///< 0 = full attention
  bool tied = true;
  bool bias = false;  ///< on q, k, v
  graph::DataType dtype = graph::DataType::kFloat;
  uint64_t first_offset = 1;  ///< of the first weight in the file: odd, so every weight is unaligned
  bool dynamic = false;       ///< rotary tables that depend on rope_length
};

/// The model's weights as one file in memory, with the function table that a plugin reads them by.
class MemoryFile {
 public:
  MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Appends a tensor of random elements around `mean`; returns it as an initializer with external data.
  graph::Tensor add(const std::string& name, std::vector<int64_t> dims, graph::DataType dtype, float mean,
                    float spread);
  void pad(uint64_t bytes) { bytes_.append(bytes, '\x7f'); }

  const tsr_weights* c() const { return &c_; }
  uint64_t dropped_bytes = 0;  ///< how much the plugin said it needs no more

 private:
  float next();  // in [-1, 1)
  std::string bytes_;
  uint32_t state_ = 12345;
  tsr_weights c_{};
};

class TinyLlama {
 public:
  explicit TinyLlama(const TinyConfig& config = {});

  const TinyConfig& config() const { return config_; }
  MemoryFile& file() { return *file_; }

  /// input_ids, position_ids [batch, seq] -> logits [batch, seq, vocab], hidden.0 .. hidden.L
  graph::Model pure() const { return build(false); }
  /// The same after kv-cache, slots, select-logits.
  graph::Model on_slots() const { return build(true); }

 private:
  graph::Model build(bool slots) const;

  TinyConfig config_;
  std::unique_ptr<MemoryFile> file_;
  std::vector<graph::Tensor> weights_;
};

}  // namespace tessera::cpu
