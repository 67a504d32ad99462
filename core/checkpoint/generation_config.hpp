/// What config.json and generation_config.json say about how to generate.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"

namespace tessera {

struct GenerationConfig {
  /// Each of these ends the text. In the order of the file, no id twice; empty: nothing ends it but a limit.
  std::vector<int64_t> eos_token_ids;
  std::optional<int64_t> bos_token_id;
  std::optional<int64_t> pad_token_id;  ///< -1, which old Llama configs write for "none", counts as absent
};

/// Each key on its own: from generation_config.json when the key is there and not null, else from
/// config.json, else it is absent. `eos_token_id` is an integer or a list of them. Whether the ids are in the
/// vocabulary is checked by those who know it. Throws Error kCorruptData with file and key. Any thread.
GenerationConfig read_generation_config(const Checkpoint& checkpoint);

}  // namespace tessera
