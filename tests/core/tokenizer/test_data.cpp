#include "tests/core/tokenizer/test_data.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace tessera::tokenizer {
namespace {

std::filesystem::path test_data() {
  const char* path = std::getenv("TESSERA_TEST_DATA");
  if (!path) throw std::runtime_error("TESSERA_TEST_DATA is not set: run the tests by meson");
  return path;
}

}  // namespace

std::filesystem::path tokenizer_folder(const std::string& name) {
  return test_data() / "data" / "tokenizers" / name;
}

std::filesystem::path golden_file(const std::string& name) {
  return test_data() / "golden" / "tokenizers" / (name + ".jsonl");
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<JsonDocument> read_lines(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  std::vector<JsonDocument> lines;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

std::vector<int64_t> integers(const JsonNode& node) {
  std::vector<int64_t> list;
  for (const JsonNode& element : node.elements()) list.push_back(element.integer());
  return list;
}

std::vector<std::string> strings(const JsonNode& node) {
  std::vector<std::string> list;
  for (const JsonNode& element : node.elements()) list.emplace_back(element.string());
  return list;
}

std::vector<std::pair<uint32_t, uint32_t>> ranges(const JsonNode& node) {
  std::vector<std::pair<uint32_t, uint32_t>> list;
  for (const JsonNode& element : node.elements()) {
    const std::vector<int64_t> range = integers(element);
    list.emplace_back(range.at(0), range.at(1));
  }
  return list;
}

}  // namespace tessera::tokenizer
