#include "core/tokenizer/folder/settings.hpp"

#include "core/tokenizer/file_text.hpp"

namespace tessera::tokenizer {
namespace {

std::string without_fast(std::string_view name) {
  constexpr std::string_view kFast = "Fast";
  if (name.size() > kFast.size() && name.substr(name.size() - kFast.size()) == kFast)
    name.remove_suffix(kFast.size());
  return std::string(name);
}

}  // namespace

JsonFile::JsonFile(std::filesystem::path file) : file_(std::move(file)) {
  std::error_code error;
  if (!std::filesystem::exists(file_, error)) return;
  try {
    document_.emplace(read_file(file_));
    if (!document_->root().is_object()) document_->root().fail("expected an object");
  } catch (Error& error) {
    error.add_file(file_.string());
    throw;
  }
}

FolderSettings::FolderSettings(const std::filesystem::path& folder)
    : folder_(folder),
      tokenizer_config_(folder / "tokenizer_config.json"),
      special_tokens_map_(folder / "special_tokens_map.json"),
      added_tokens_(folder / "added_tokens.json") {
  JsonFile(folder / "config.json").read([&](const JsonNode& root) {
    model_type_ = root.string_or("model_type", "");
    tokenizer_class_ = without_fast(root.string_or("tokenizer_class", ""));
  });
  tokenizer_config_.read([&](const JsonNode& root) {
    if (const auto name = root.find("tokenizer_class")) tokenizer_class_ = without_fast(name->string());
  });
}

std::optional<bool> FolderSettings::boolean(std::string_view key) const {
  std::optional<bool> value;
  tokenizer_config_.read([&](const JsonNode& root) {
    if (const auto node = root.find(key)) value = node->boolean();
  });
  return value;
}

}  // namespace tessera::tokenizer
