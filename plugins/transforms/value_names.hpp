/// Names of graph inputs that several passes look for or add: those that Efficient Transformers uses.
#pragma once

namespace tessera::transforms {

inline constexpr const char* kPositionIds = "position_ids";
inline constexpr const char* kBatchIndex = "batch_index";

}  // namespace tessera::transforms
