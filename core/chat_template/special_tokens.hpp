/// The named special tokens of a model folder, for its chat templates.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/jinja/value.hpp"

namespace tessera {

/// (name, token) of bos_token, eos_token, unk_token, sep_token, pad_token, cls_token and mask_token, those
/// that are set. `config`: tokenizer_config.json; `map`: special_tokens_map.json, which older folders have
/// beside it and which wins where the config does not list its added tokens itself. Throws Error kCorruptData
/// with file and key.
std::vector<std::pair<std::string, std::string>> special_tokens(const std::optional<jinja::Value>& config,
                                                                const std::optional<jinja::Value>& map,
                                                                const std::filesystem::path& folder);

}  // namespace tessera
