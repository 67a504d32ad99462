/// Text to token ids and back, as Hugging Face's tokenizers do it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/chat_template.hpp"

namespace tessera {

class Tokenizer;

/// A tokenizer of a model folder. Cheap to copy (shared, immutable); const methods from any thread.
class AutoTokenizer {
 public:
  /// `folder_or_id`: a model folder (or one that holds only tokenizer files), or an id in the local hub
  /// cache. Throws Error kNotFound, kCorruptData, or kNotSupported naming the component of tokenizer.json.
  static AutoTokenizer from_pretrained(std::string_view folder_or_id);

  /// Throws Error kInvalidArgument for invalid UTF-8, naming the byte.
  std::vector<int64_t> encode(std::string_view text, bool add_special_tokens = true) const;
  std::string decode(std::span<const int64_t> ids, bool skip_special_tokens = true) const;
  int64_t vocab_size() const;

  /// The conversation as the model's chat template writes it, and its ids: ChatTemplate has the details. The
  /// template writes its special tokens itself, so encoding adds none: there is one BOS, or none.
  std::string apply_chat_template(const std::vector<ChatMessage>& messages,
                                  const ChatTemplateOptions& options = {}) const;
  std::vector<int64_t> encode_chat(const std::vector<ChatMessage>& messages,
                                   const ChatTemplateOptions& options = {}) const;

  /// The host's tokenizer behind it; lives as long as any copy of this object.
  const Tokenizer& impl() const { return *impl_; }

 private:
  AutoTokenizer(std::shared_ptr<const Tokenizer> impl, std::string folder)
      : impl_(std::move(impl)), folder_(std::move(folder)) {}
  std::shared_ptr<const Tokenizer> impl_;
  std::string folder_;  // its chat templates are read when they are asked for
};

}  // namespace tessera
