#include <unistd.h>

#include <optional>

#include "cli/command.hpp"
#include "cli/generation.hpp"
#include "cli/line_reader.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "tessera/chat_template.hpp"

namespace tessera::cli {
namespace {

constexpr std::string_view kHelp =
    "/clear forgets the conversation, /exit (or Ctrl-D) ends it, /help says this";

/// A conversation: what was said, and the model that answers.
class Chat {
 public:
  Chat(const Arguments& arguments, Config& config)
      : system_(arguments.get("system")), template_options_(chat_template_options(arguments)) {
    const std::string folder = model_of(config);
    template_.emplace(ChatTemplate::from_pretrained(folder));
    options_ = generate_options(config);
    options_.add_special_tokens = false;  // the template wrote them
    template_options_.add_generation_prompt = true;
    clear();
    model_.emplace(AutoModelForCausalLM::from_pretrained(folder, load_options(config)));
    for (const std::string& warning : model_->info().warnings) note("warning: " + warning);
    options_.sampling = sampling_params(config, *model_);
    if (options_.sampling->choices() > 1)
      throw UsageError("a chat has one answer", "leave out --n and --best-of");
    model_->compile(compile_options(config));
    model_->set_engine(engine_settings(config));
  }

  void clear() {
    messages_.clear();
    if (!system_.empty()) messages_.push_back({"system", system_});
  }

  /// Streams the answer to `text`. When there is none (the template refuses, the context is full), the
  /// conversation stays as it was.
  void say(std::string text) {
    const size_t before = messages_.size();
    try {
      messages_.push_back({"user", std::move(text)});
      TextStream answer = model_->generate_stream(template_->render(messages_, template_options_), options_);
      for (const std::string& piece : answer) write_stdout(piece);
      write_stdout("\n");
      messages_.push_back({"assistant", answer.result().text});
    } catch (...) {
      messages_.resize(before);
      throw;
    }
  }

 private:
  std::string system_;
  ChatTemplateOptions template_options_;
  GenerateOptions options_;
  std::optional<ChatTemplate> template_;
  std::optional<AutoModelForCausalLM> model_;
  std::vector<ChatMessage> messages_;
};

}  // namespace

int run_chat(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("chat MODEL [--system TEXT]");
  arguments.add_positional("model");
  arguments.add_flags("Chat", {{"system", '\0', "TEXT", "", "system message, in front of all others"}});
  add_chat_template_flags(arguments);
  arguments.add_settings("Generation", {"generate.max_new_tokens", "generate.stop", "generate.stop_token_ids",
                                        "generate.ignore_eos", "generate.min_tokens"});
  add_sampling_settings(arguments);
  arguments.add_settings("Model", {"model", "plugin_paths"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Engine",
                         {"engine.speculation", "engine.draft_model", "engine.num_speculative_tokens",
                          "engine.prefill_chunk", "engine.prefix_caching"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;

  Chat chat(arguments, arguments.config());
  const bool terminal = isatty(STDIN_FILENO) != 0;
  if (terminal) note(kHelp);
  LineReader lines;
  for (;;) {
    if (terminal) note_prompt("> ");
    std::optional<std::string> line = lines.next();
    if (!line || *line == "/exit") return kExitOk;
    if (*line == "/clear") {
      chat.clear();
    } else if (*line == "/help") {
      note(kHelp);
    } else if (!line->empty()) {
      try {
        chat.say(*std::move(line));
      } catch (const Error& error) {
        // A person can go on; a script must learn of it.
        if (!terminal || error.code() == ErrorCode::kCancelled) throw;
        print_error(error);
      }
    }
  }
}

}  // namespace tessera::cli
