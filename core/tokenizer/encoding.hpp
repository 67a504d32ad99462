/// What a text becomes: one entry a token in every list.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tessera {

struct Encoding {
  std::vector<int64_t> ids;
  std::vector<std::string> tokens;
  /// [begin, end) in Unicode code points of the input (of the second text for tokens of the second text); (0,
  /// 0) for tokens that a template or padding added.
  std::vector<std::pair<uint32_t, uint32_t>> offsets;
  std::vector<uint32_t> type_ids;             ///< 0 or 1: which text, as the template says
  std::vector<uint32_t> attention_mask;       ///< 1; 0 for padding
  std::vector<uint32_t> special_tokens_mask;  ///< 1 for tokens that a template or padding added
};

}  // namespace tessera
