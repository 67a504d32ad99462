#include "core/chat_template/chat_templates.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/chat_template/special_tokens.hpp"
#include "core/chat_template/utf8_file.hpp"
#include "core/jinja/json.hpp"
#include "core/jinja/repr.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using jinja::Value;

constexpr std::string_view kExtension = ".jinja";

std::map<std::string, ChatTemplateSource> templates_in_files(const fs::path& folder) {
  std::map<std::string, ChatTemplateSource> templates;
  const fs::path single = folder / "chat_template.jinja";
  if (const auto text = read_utf8_file(single)) templates["default"] = {*text, single.string()};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder / "additional_chat_templates", error)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(kExtension)) continue;
    if (const auto text = read_utf8_file(entry.path())) {
      templates[name.substr(0, name.size() - kExtension.size())] = {*text, entry.path().string()};
    }
  }
  return templates;
}

[[noreturn]] void fail_value(const std::string& file, std::string key, std::string message) {
  throw Error(ErrorCode::kCorruptData, std::move(message)).file(file).key(key);
}

/// The key "chat_template": a text, or a list of {"name", "template"}.
std::map<std::string, ChatTemplateSource> templates_of_key(const Value& root, const std::string& file) {
  std::map<std::string, ChatTemplateSource> templates;
  const Value* value = root.dict().find("chat_template");
  if (!value || value->is_none()) return templates;
  if (value->is_string()) {
    templates["default"] = {value->string(), file};
    return templates;
  }
  if (value->is_dict()) {
    for (const auto& [name, text] : value->dict().entries()) {
      if (!text.is_string())
        fail_value(file, "chat_template." + name.string(), "a template must be a string");
      templates[name.string()] = {text.string(), file};
    }
    return templates;
  }
  if (!value->is(jinja::Kind::kList))
    fail_value(file, "chat_template", "must be a string or a list of templates");
  for (size_t i = 0; i < value->items().size(); ++i) {
    const Value& entry = value->items()[i];
    const Value* name = entry.is_dict() ? entry.dict().find("name") : nullptr;
    const Value* text = entry.is_dict() ? entry.dict().find("template") : nullptr;
    if (!name || !text || !name->is_string() || !text->is_string()) {
      fail_value(file, fmt::format("chat_template[{}]", i),
                 "a template needs a name and a template, both strings");
    }
    templates[name->string()] = {text->string(), fmt::format("{} (template '{}')", file, name->string())};
  }
  return templates;
}

Value list_or_none(const Value& value, std::string_view what) {
  if (value.is_none()) return value;
  const bool dicts = value.is(jinja::Kind::kList) && std::all_of(value.items().begin(), value.items().end(),
                                                                 [](const Value& v) { return v.is_dict(); });
  if (!dicts) throw Error(ErrorCode::kInvalidArgument, fmt::format("{} must be a list of objects", what));
  return value;
}

}  // namespace

ChatTemplates ChatTemplates::from_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error(ErrorCode::kNotFound, "no such folder").file(folder.string());
  ChatTemplates templates;
  templates.folder_ = folder;
  const auto config = read_json_object(folder / "tokenizer_config.json");
  templates.special_tokens_ =
      special_tokens(config, read_json_object(folder / "special_tokens_map.json"), folder);
  templates.templates_ = templates_in_files(folder);
  if (templates.templates_.empty() && config) {
    templates.templates_ = templates_of_key(*config, (folder / "tokenizer_config.json").string());
  }
  if (templates.templates_.empty()) {
    const fs::path file = folder / "chat_template.json";
    if (const auto root = read_json_object(file))
      templates.templates_ = templates_of_key(*root, file.string());
  }
  return templates;
}

std::vector<std::string> ChatTemplates::names() const {
  std::vector<std::string> names;
  for (const auto& entry : templates_) names.push_back(entry.first);
  return names;
}

ChatTemplateSource ChatTemplates::choose(std::string_view wanted, bool has_tools) const {
  if (!wanted.empty()) {
    if (const auto it = templates_.find(std::string(wanted)); it != templates_.end()) return it->second;
    // A word without any markup is a name with a typing error, not a template.
    if (wanted.find('{') == wanted.npos && wanted.find('\n') == wanted.npos) {
      throw Error(ErrorCode::kNotFound, fmt::format("there is no chat template '{}'", wanted))
          .file(folder_.string())
          .remedy(templates_.empty() ? std::string("the folder has no chat template")
                                     : fmt::format("one of: {}", fmt::join(names(), ", ")));
    }
    return {std::string(wanted), "chat template"};
  }
  if (templates_.empty()) {
    throw Error(ErrorCode::kNotFound, "the model has no chat template")
        .file(folder_.string())
        .remedy("it is no chat model, or give a template yourself (--chat-template-file)");
  }
  if (const auto it = templates_.find("tool_use"); has_tools && it != templates_.end()) return it->second;
  if (const auto it = templates_.find("default"); it != templates_.end()) return it->second;
  throw Error(ErrorCode::kNotFound, "the model has several chat templates and none is the default")
      .file(folder_.string())
      .remedy(fmt::format("name one (--chat-template) of: {}", fmt::join(names(), ", ")));
}

std::vector<std::pair<std::string, Value>> ChatTemplates::variables(const ChatTemplateInput& input) const {
  std::vector<std::pair<std::string, Value>> variables;
  for (const auto& [name, token] : special_tokens_) variables.emplace_back(name, token);
  for (const auto& [name, value] : input.variables) {
    for (const std::string_view own : {"messages", "tools", "documents", "add_generation_prompt"}) {
      if (name == own) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("'{}' is no variable of the template's kwargs", name))
            .remedy("it has a parameter of its own");
      }
    }
    variables.emplace_back(name, value);
  }
  variables.emplace_back("messages", prepare_messages(input.messages));
  variables.emplace_back("tools", list_or_none(input.tools, "tools"));
  variables.emplace_back("documents", list_or_none(input.documents, "documents"));
  variables.emplace_back("add_generation_prompt", input.add_generation_prompt);
  return variables;
}

jinja::Rendered ChatTemplates::render(const ChatTemplateInput& input, std::string_view wanted) const {
  return render(input, choose(wanted, !input.tools.is_none()));
}

jinja::Rendered ChatTemplates::render(const ChatTemplateInput& input,
                                      const ChatTemplateSource& source) const {
  const auto values = variables(input);
  return jinja::Template::parse(source.text, source.origin).render(values, input.now ? &*input.now : nullptr);
}

ChatTemplateSource chat_template_in_file(const fs::path& file) {
  auto text = read_utf8_file(file);
  if (!text) throw Error(ErrorCode::kNotFound, "no such file").file(file.string());
  return {std::move(*text), file.string()};
}

}  // namespace tessera
