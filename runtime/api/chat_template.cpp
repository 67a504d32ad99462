#include "tessera/chat_template.hpp"

#include "core/chat_template/chat_templates.hpp"
#include "core/hub/hub_cache.hpp"
#include "core/jinja/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using jinja::Value;

Value json_or_none(const std::string& json, std::string_view what) {
  return json.empty() ? Value() : jinja::from_json(json, what);
}

std::string rendered(const ChatTemplates& templates, Value messages, const ChatTemplateOptions& options) {
  ChatTemplateInput input;
  input.messages = std::move(messages);
  input.tools = json_or_none(options.tools_json, "tools");
  input.documents = json_or_none(options.documents_json, "documents");
  input.add_generation_prompt = options.add_generation_prompt;
  const Value kwargs = json_or_none(options.kwargs_json, "kwargs");
  if (!kwargs.is_none() && !kwargs.is_dict()) {
    throw Error(ErrorCode::kInvalidArgument, "the kwargs of a chat template must be a JSON object");
  }
  if (kwargs.is_dict()) {
    for (const auto& [name, value] : kwargs.dict().entries())
      input.variables.emplace_back(name.string(), value);
  }
  if (!options.now.empty()) input.now = parse_iso_time(options.now);
  if (!options.chat_template_file.empty()) {
    return templates.render(input, chat_template_in_file(options.chat_template_file)).text;
  }
  return templates.render(input, options.chat_template).text;
}

}  // namespace

ChatTemplate ChatTemplate::from_pretrained(std::string_view folder_or_id) {
  return ChatTemplate(
      std::make_shared<const ChatTemplates>(ChatTemplates::from_folder(find_model(folder_or_id).folder)));
}

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages,
                                 const ChatTemplateOptions& options) const {
  std::vector<Value> list;
  for (const ChatMessage& message : messages) {
    list.push_back(Value::dict({{"role", message.role}, {"content", message.content}}));
  }
  return rendered(*impl_, Value::list(std::move(list)), options);
}

std::string ChatTemplate::render_json(std::string_view messages_json,
                                      const ChatTemplateOptions& options) const {
  return rendered(*impl_, jinja::from_json(messages_json, "messages"), options);
}

std::vector<std::string> ChatTemplate::names() const {
  return impl_->names();
}

}  // namespace tessera
