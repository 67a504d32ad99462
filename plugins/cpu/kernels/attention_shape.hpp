/// Numbers that the attention kernels of all tiers and their planning share.
#pragma once

#include "attention.hpp"

namespace tessera::cpu {

/// Score rows (query rows x query heads of a kv head) that share one pass over a block: 3 full register
/// tiles.
constexpr int64_t kScoreRows = 42;

[[gnu::always_inline]] constexpr int64_t padded_head_dim(const KvShape& shape) {
  return (shape.head_dim + kPanelWidth - 1) / kPanelWidth * kPanelWidth;
}

}  // namespace tessera::cpu
