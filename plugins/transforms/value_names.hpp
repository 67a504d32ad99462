/// Names of graph inputs that several passes look for or add (design: the names of Hugging Face and Efficient Transformers).
#pragma once

namespace tessera::transforms {

inline constexpr const char* kPositionIds = "position_ids";
inline constexpr const char* kBatchIndex = "batch_index";

}  // namespace tessera::transforms
