#include "core/chat_template/utf8_file.hpp"

#include "core/checkpoint/text_file.hpp"
#include "core/host/utf8.hpp"
#include "core/jinja/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {

std::optional<std::string> read_utf8_file(const std::filesystem::path& file) {
  std::optional<std::string> text = read_text_file_if_present(file);
  if (text && !is_utf8(*text)) {
    throw Error(ErrorCode::kCorruptData, "not valid UTF-8").file(file.string()).remedy("save it as UTF-8");
  }
  return text;
}

std::optional<jinja::Value> read_json_object(const std::filesystem::path& file) {
  const auto text = read_utf8_file(file);
  if (!text) return std::nullopt;
  const jinja::Value value = jinja::from_json(*text, file.string());
  if (!value.is_dict()) {
    throw Error(ErrorCode::kCorruptData, "the JSON text is no object").file(file.string());
  }
  return value;
}

}  // namespace tessera
