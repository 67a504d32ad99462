/// Chats to prompts: the chat template of a model, rendered as Hugging Face transformers 5 renders it.
///
///     auto chat = tessera::ChatTemplate::from_pretrained("model-or-folder");
///     std::string prompt = chat.render({{"user", "Hello"}}, {.add_generation_prompt = true});
///     auto result = model.generate(prompt, {.add_special_tokens = false});   // the template wrote them
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

class ChatTemplates;

/// A message that is text. What else a message can have (tool calls, parts, reasoning) comes as JSON.
struct ChatMessage {
  std::string role;  ///< "system", "user", "assistant", ... as the template knows them
  std::string content;
};

/// JSON texts have the form of OpenAI's API; empty: none.
struct ChatTemplateOptions {
  bool add_generation_prompt = false;   ///< open the assistant's turn, so that the model answers
  std::string tools_json = {};          ///< a list of objects
  std::string documents_json = {};      ///< a list of objects, for templates of retrieval
  std::string kwargs_json = {};         ///< an object: further variables ("enable_thinking")
  std::string chat_template = {};       ///< a template by its name in the folder, or a template's text
  std::string chat_template_file = {};  ///< a file with the template, instead
  std::string now = {};                 ///< what strftime_now sees: "2024-07-26T12:34:56"; empty: the clock
};

/// The chat templates of a model folder. Cheap to copy (shared, immutable); const methods from any thread.
class ChatTemplate {
 public:
  /// `folder_or_id` as AutoTokenizer. A folder without any template is no error until one is needed. Throws
  /// Error kNotFound, or kCorruptData with file and key.
  static ChatTemplate from_pretrained(std::string_view folder_or_id);

  /// The text of the conversation; it holds its special tokens: encode it without adding any. Throws Error
  /// with the template's line and column: kInvalidArgument (the template refuses these messages, or does not
  /// end), kCorruptData (no Jinja, no JSON), kNotSupported, kNotFound (no template).
  std::string render(const std::vector<ChatMessage>& messages, const ChatTemplateOptions& options = {}) const;
  /// `messages_json`: a list of objects with "role" and "content".
  std::string render_json(std::string_view messages_json, const ChatTemplateOptions& options = {}) const;

  /// The names of the templates: "default", "tool_use", ...; empty where the model has none.
  std::vector<std::string> names() const;

 private:
  explicit ChatTemplate(std::shared_ptr<const ChatTemplates> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const ChatTemplates> impl_;
};

}  // namespace tessera
