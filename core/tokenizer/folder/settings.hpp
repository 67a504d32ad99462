/// The JSON files that stand beside a vocabulary, as they say what the tokenizer around it does.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/tokenizer/json_node.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {

/// A JSON file whose root is an object. One that is not there has no root.
class JsonFile {
 public:
  /// Throws Error kIo, kCorruptData, naming the file.
  explicit JsonFile(std::filesystem::path file);

  bool exists() const { return document_.has_value(); }
  const std::filesystem::path& path() const { return file_; }
  /// Calls `read(root)`; an error that it throws gets the file's name. Does nothing without the file.
  template <typename Read>
  void read(Read read) const {
    if (!document_) return;
    try {
      read(document_->root());
    } catch (Error& error) {
      error.add_file(file_.string());
      throw;
    }
  }

 private:
  std::filesystem::path file_;
  std::optional<JsonDocument> document_;
};

/// Immutable: any thread.
class FolderSettings {
 public:
  /// Throws as JsonFile.
  explicit FolderSettings(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  const JsonFile& tokenizer_config() const { return tokenizer_config_; }
  const JsonFile& special_tokens_map() const { return special_tokens_map_; }
  const JsonFile& added_tokens() const { return added_tokens_; }

  /// `tokenizer_class` of tokenizer_config.json, else of config.json, without "Fast"; empty when neither
  /// says.
  const std::string& tokenizer_class() const { return tokenizer_class_; }
  /// `model_type` of config.json; empty without.
  const std::string& model_type() const { return model_type_; }

  /// A key of tokenizer_config.json; nullopt when it is missing or null. Throws Error kCorruptData.
  std::optional<bool> boolean(std::string_view key) const;
  bool boolean_or(std::string_view key, bool otherwise) const { return boolean(key).value_or(otherwise); }

 private:
  std::filesystem::path folder_;
  JsonFile tokenizer_config_, special_tokens_map_, added_tokens_;
  std::string tokenizer_class_, model_type_;
};

}  // namespace tessera::tokenizer
