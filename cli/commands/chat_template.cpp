#include "tessera/chat_template.hpp"

#include "cli/command.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"

namespace tessera::cli {

int run_chat_template(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("chat-template MODEL --messages FILE.json");
  arguments.add_positional("model");
  arguments.add_flags(
      "Chat", {{"messages", 'm', "FILE.json", "", "the messages, a list of objects; - is standard input"},
               {"tools", '\0', "FILE.json", "", "the tools, a list of objects"},
               {"documents", '\0', "FILE.json", "", "the documents, a list of objects"},
               {"add-generation-prompt", '\0', "", "", "open the assistant's turn"}});
  add_chat_template_flags(arguments);
  arguments.add_settings("Model", {"model"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const std::string model = model_of(arguments.config());
  if (!arguments.has("messages")) throw UsageError("no messages given", "--messages FILE.json");
  ChatTemplateOptions options = chat_template_options(arguments);
  options.add_generation_prompt = arguments.has("add-generation-prompt");
  if (arguments.has("tools")) options.tools_json = read_input_file(arguments.get("tools"));
  if (arguments.has("documents")) options.documents_json = read_input_file(arguments.get("documents"));
  const std::string messages = read_input_file(arguments.get("messages"));
  write_stdout(ChatTemplate::from_pretrained(model).render_json(messages, options));
  return kExitOk;
}

}  // namespace tessera::cli
