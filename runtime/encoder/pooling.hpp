/// From one vector a token to one vector a text, as the module Pooling of sentence-transformers does it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

/// In the order in which the library joins several. Names are those of `pooling_mode`.
enum class PoolingMode { kCls, kMax, kMean, kMeanSqrtLen, kWeightedMean, kLastToken };

struct PoolingConfig {
  std::vector<PoolingMode> modes;  ///< ascending, no mode twice, not empty
  bool include_prompt = true;      ///< false: tokens of the prompt count for nothing (but [CLS] for cls)
};

/// "mean", "mean_sqrt_len_tokens", ...; also "mean_tokens" and the like. Throws Error kInvalidArgument that
/// lists the names.
PoolingMode parse_pooling_mode(std::string_view name);
/// "cls+mean"
std::string pooling_text(const PoolingConfig& config);

/// tokens [rows, width]; the first `prompt_tokens` of them are the prompt's. Sums are made in double, in the
/// order of the rows. -> [modes * width]
std::vector<float> pool(const PoolingConfig& config, std::span<const float> tokens, int64_t width,
                        int64_t prompt_tokens);

}  // namespace tessera
