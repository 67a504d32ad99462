/// The JSON header of a safetensors file, read strictly.
/// Format: https://github.com/huggingface/safetensors#format
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/dtype.hpp"

namespace tessera {

/// One entry of the header. `begin` and `end` count bytes from the end of the header.
struct HeaderEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> dims;  ///< empty: a scalar
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;             ///< in the order of the text
  std::map<std::string, std::string> metadata;  ///< of `__metadata__`
};

/// Reads the header's text. Checks the form of every byte (UTF-8, JSON, no key twice, kinds, dtypes, dims and
/// offsets that fit) and of each entry alone; how entries lie to one another is the file's affair
/// (SafetensorsFile). Fields of an entry that the format does not know are skipped, as its own reader does.
/// Throws Error kCorruptData, or kNotSupported for a dtype this program does not know, with `file`, the
/// tensor's name as key, and the byte offset in the file (the text starts at byte 8).
SafetensorsHeader parse_safetensors_header(std::string_view text, std::string_view file);

}  // namespace tessera
