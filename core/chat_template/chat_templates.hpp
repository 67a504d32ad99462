/// The chat templates of a model folder and what they are rendered with, as transformers 5 does it
/// (`PreTrainedTokenizerBase.apply_chat_template`).
#pragma once

#include <ctime>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/jinja/template.hpp"
#include "core/jinja/value.hpp"

namespace tessera {

/// A template's text and the file (and key) that it stands in.
struct ChatTemplateSource {
  std::string text;
  std::string origin;
};

/// What the caller of a template decides.
struct ChatTemplateInput {
  jinja::Value messages;                                        ///< a list of dicts
  jinja::Value tools;                                           ///< None, or a list of dicts
  jinja::Value documents;                                       ///< None, or a list of dicts
  bool add_generation_prompt = false;                           ///< open the assistant's turn
  std::vector<std::pair<std::string, jinja::Value>> variables;  ///< beside them; win over special tokens
  std::optional<std::tm> now;  ///< what strftime_now sees; none: this machine's clock
};

/// Immutable after loading: const methods from any thread.
class ChatTemplates {
 public:
  /// Reads tokenizer_config.json, special_tokens_map.json, chat_template.jinja, additional_chat_templates/
  /// and chat_template.json, each where it is there. Templates in files of their own win over
  /// tokenizer_config.json (one of them is enough), and chat_template.json (old processors) counts only where
  /// there is nothing else. Throws Error with file and key for a file that is broken.
  static ChatTemplates from_folder(const std::filesystem::path& folder);

  /// Names of the templates, sorted; a single template without a name is "default".
  std::vector<std::string> names() const;

  /// The template to use. `wanted`: a name of this folder, else the text of a template; empty: "tool_use"
  /// where there is one and tools are given, else "default". Throws Error kNotFound.
  ChatTemplateSource choose(std::string_view wanted, bool has_tools) const;

  /// The variables that a template gets: messages (as `prepare_messages` makes them), tools, documents,
  /// add_generation_prompt, the special tokens by name ("bos_token"), the caller's own. Throws Error
  /// kInvalidArgument for messages, tools or documents of another form.
  std::vector<std::pair<std::string, jinja::Value>> variables(const ChatTemplateInput& input) const;

  /// Parses and renders the template that `choose` gives.
  jinja::Rendered render(const ChatTemplateInput& input, std::string_view wanted = {}) const;
  jinja::Rendered render(const ChatTemplateInput& input, const ChatTemplateSource& source) const;

 private:
  std::filesystem::path folder_;
  std::map<std::string, ChatTemplateSource> templates_;
  std::vector<std::pair<std::string, std::string>> special_tokens_;
};

/// A template in a file. Throws Error kNotFound, kIo, kCorruptData (no UTF-8).
ChatTemplateSource chat_template_in_file(const std::filesystem::path& file);

/// The messages as a template sees them: keys whose value is null dropped; what the first of
/// `reasoning_content`, `thinking`, `reasoning` says is found under `reasoning_content` and (where it was not
/// there) `thinking`. Throws Error kInvalidArgument for no list, an empty one, or a message that is no
/// object.
jinja::Value prepare_messages(const jinja::Value& messages);

/// "2024-07-26T12:34:56", "2024-07-26 12:34" or "2024-07-26" (midnight); a time zone behind it is not read as
/// one. Throws Error kInvalidArgument.
std::tm parse_iso_time(std::string_view text);

}  // namespace tessera
