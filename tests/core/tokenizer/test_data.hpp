/// Where the tests of the tokenizer find their files, and how they read JSON lines.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/tokenizer/json_node.hpp"

namespace tessera::tokenizer {

/// tests/data/tokenizers/NAME
std::filesystem::path tokenizer_folder(const std::string& name);
/// tests/golden/tokenizers/NAME.jsonl
std::filesystem::path golden_file(const std::string& name);
/// The bytes of a file.
std::string read_text(const std::filesystem::path& file);
/// One document a line.
std::vector<JsonDocument> read_lines(const std::filesystem::path& file);

std::vector<int64_t> integers(const JsonNode& node);
std::vector<std::string> strings(const JsonNode& node);
std::vector<std::pair<uint32_t, uint32_t>> ranges(const JsonNode& node);

}  // namespace tessera::tokenizer
