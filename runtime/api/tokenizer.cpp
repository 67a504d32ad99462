#include "tessera/tokenizer.hpp"

#include "core/hub/hub_cache.hpp"
#include "core/tokenizer/tokenizer.hpp"

namespace tessera {

AutoTokenizer AutoTokenizer::from_pretrained(std::string_view folder_or_id) {
  const std::filesystem::path folder = find_model(folder_or_id).folder;
  return AutoTokenizer(std::make_shared<const Tokenizer>(Tokenizer::from_folder(folder)), folder.string());
}

std::string AutoTokenizer::apply_chat_template(const std::vector<ChatMessage>& messages,
                                               const ChatTemplateOptions& options) const {
  return ChatTemplate::from_pretrained(folder_).render(messages, options);
}

std::vector<int64_t> AutoTokenizer::encode_chat(const std::vector<ChatMessage>& messages,
                                                const ChatTemplateOptions& options) const {
  return encode(apply_chat_template(messages, options), /*add_special_tokens=*/false);
}

std::vector<int64_t> AutoTokenizer::encode(std::string_view text, bool add_special_tokens) const {
  return impl_->encode(text, add_special_tokens);
}

std::string AutoTokenizer::decode(std::span<const int64_t> ids, bool skip_special_tokens) const {
  return impl_->decode(ids, skip_special_tokens);
}

int64_t AutoTokenizer::vocab_size() const {
  return impl_->vocab_size();
}

}  // namespace tessera
