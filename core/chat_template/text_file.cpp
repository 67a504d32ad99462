#include "core/chat_template/text_file.hpp"

#include <fstream>
#include <iterator>

#include "core/host/utf8.hpp"
#include "core/jinja/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {

std::optional<std::string> read_text_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::nullopt;
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream || std::filesystem::is_directory(file, error)) {
    throw Error(ErrorCode::kIo, "cannot read the file").file(file.string());
  }
  if (!is_utf8(text)) {
    throw Error(ErrorCode::kCorruptData, "not valid UTF-8").file(file.string()).remedy("save it as UTF-8");
  }
  return text;
}

std::optional<jinja::Value> read_json_object(const std::filesystem::path& file) {
  const auto text = read_text_file(file);
  if (!text) return std::nullopt;
  const jinja::Value value = jinja::from_json(*text, file.string());
  if (!value.is_dict()) {
    throw Error(ErrorCode::kCorruptData, "the JSON text is no object").file(file.string());
  }
  return value;
}

}  // namespace tessera
