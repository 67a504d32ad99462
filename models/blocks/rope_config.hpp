/// The rotary settings of config.json, in all of Hugging Face's spellings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/blocks/config.hpp"

namespace tessera::blocks {

enum class RopeType { kDefault, kLinear, kDynamic, kYarn, kLlama3, kLongRope };

/// What the rotary tables are made of. Fields that a type does not name are not used by it.
struct RopeConfig {
  RopeType type = RopeType::kDefault;
  int64_t head_dim = 0;  ///< D; even
  double theta = 10000;
  std::vector<float> inv_freq;       ///< [D/2]; longrope: up to original_length. Not for dynamic
  std::vector<float> long_inv_freq;  ///< [D/2]; longrope: beyond original_length
  float scale = 1;                   ///< of cos and sin: yarn, longrope
  double factor = 1;                 ///< dynamic
  int64_t original_length = 0;       ///< positions: dynamic, longrope
  int64_t max_positions = 0;         ///< positions that the model can take

  /// The table depends on the length reached: the graph has the input rope_length.
  bool needs_length() const { return type == RopeType::kDynamic || type == RopeType::kLongRope; }
};

/// Reads `rope_scaling` (until transformers 4) or `rope_parameters` (from 5 on), `rope_theta` there or at the
/// top, `rope_type` or its old name `type` (rope_type wins), `original_max_position_embeddings` there or at
/// the top (the top wins). Throws kNotSupported for another rope_type, kNotFound for a missing key,
/// kCorruptData for a value that makes no sense; each names the key. `head_dim` must be even.
RopeConfig read_rope(const Config& config, int64_t head_dim, int64_t max_position_embeddings);

}  // namespace tessera::blocks
