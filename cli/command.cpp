#include "cli/command.hpp"

#include <algorithm>
#include <array>

#include "cli/backend_flags.hpp"
#include "cli/device_list.hpp"
#include "cli/foreign_words.hpp"
#include "cli/output.hpp"
#include "core/host/log.hpp"

namespace tessera::cli {
namespace {

constexpr std::array kCommands = {
    Command{"generate", "generate text from a prompt", run_generate},
    Command{"chat", "talk with a model: a turn a line, on its chat template", run_chat},
    Command{"chat-template", "print what a chat template makes of messages", run_chat_template},
    Command{"run", "do what a YAML run file says", run_run},
    Command{"replay", "do again what a receipt of a run says, and compare", run_replay},
    Command{"diff", "run the same requests on two backends, and compare", run_diff},
    Command{"embed", "embeddings of texts, and how alike they are", run_embed},
    Command{"classify", "labels of texts or of their tokens, or answers to questions", run_classify},
    Command{"fill-mask", "tokens for the masks in a text", run_fill_mask},
    Command{"tokenize", "token ids of a text", run_tokenize},
    Command{"detokenize", "text of token ids", run_detokenize},
    Command{"logits", "write logits and hidden states of a prompt, for comparisons", run_logits},
    Command{"verify", "compare the compiled model with its reference, pass by pass", run_verify},
    Command{"onnx-run", "run any ONNX graph on tensors of a file", run_onnx_run},
    Command{"inspect", "show a checkpoint, its graph, plugins and memory plan", run_inspect},
    Command{"compile", "compile a model, or export its graph as ONNX", run_compile},
    Command{"plan", "what a compilation would make and take, before anything is built", run_plan},
    Command{"bench", "measure prompt processing and generation as fractions of the machine's limits",
            run_bench},
    Command{"cache", "compiled programs that are kept: list, explain, verify, remove", run_cache},
    Command{"plugins", "list the plugins that were found, or why one was refused", run_plugins},
    Command{"passes", "list the graph passes and their options", run_passes},
    Command{"config", "show the settings of a run and where each value comes from", run_config},
    Command{"doctor", "check this machine and this installation", run_doctor},
    Command{"version", "print the versions", run_version},
};

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

namespace {

bool wants_help(const std::vector<std::string>& args) {
  const auto end = std::find(args.begin(), args.end(), "--");
  return std::any_of(args.begin(), end, [](const auto& arg) { return arg == "--help" || arg == "-h"; });
}

/// Whether one of `args` is a long flag that `arguments` does not know.
bool has_unknown_flag(const Arguments& arguments, const std::vector<std::string>& args) {
  const auto end = std::find(args.begin(), args.end(), "--");
  return std::any_of(args.begin(), end, [&](const std::string& arg) {
    const std::string dashed = with_dashed_name(arg);
    return dashed.starts_with("--") && dashed.size() > 2 &&
           !arguments.knows(std::string_view(dashed).substr(2, dashed.find('=') - 2));
  });
}

/// The backend that the command will use, as far as it can be known before the flags are.
std::string backend_of(Arguments& arguments, const std::vector<std::string>& args) {
  std::string flag = peek_flag(args, "--backend");
  if (!flag.empty()) return flag;
  Config config = arguments.config();
  for (const std::string& arg : args) {
    const bool run_file = arguments.knows("run-file") && (arg.ends_with(".yaml") || arg.ends_with(".yml"));
    if (run_file && arg.front() != '-') load_yaml(arg, config);
  }
  return config.text("compile.backend");
}

/// Those whose flags the command line may have.
std::vector<std::string> backends_of(Arguments& arguments, const std::vector<std::string>& args) {
  if (!arguments.knows("backends")) return {backend_of(arguments, args)};
  const std::string given = peek_flag(args, "--backends");
  std::vector<std::string> names = split_commas(given.empty() ? arguments.get("backends") : given);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

bool parse_arguments(const Command& command, Arguments& arguments, const std::vector<std::string>& args) {
  arguments.add_flags("General", {
                                     {"verbose", 'v', "", "", "log what is done to stderr", true},
                                     {"quiet", 'q', "", "", "no notes and no progress on stderr"},
                                     {"help", 'h', "", "", "this text"},
                                 });
  if (arguments.knows("backend")) add_device_list_flag(arguments);
  add_foreign_words(arguments);
  const bool help = wants_help(args);
  const bool ask_backend = help ? !peek_flag(args, "--backend").empty() : has_unknown_flag(arguments, args);
  if (arguments.knows("backend") && ask_backend) {
    const std::string plugins = peek_flag(args, "--plugin-path");
    for (const std::string& backend : backends_of(arguments, args)) {
      add_backend_flags(arguments, backend,
                        plugins.empty() ? std::vector<std::string>{} : std::vector<std::string>{plugins});
    }
  }
  if (help) {
    write_stdout(arguments.help(command.summary));
    return false;
  }
  arguments.parse(args);
  // Users of that backend are used to "a|b"; with others a bar is a character of the prompt.
  const bool bars =
      arguments.knows("prompt") && arguments.has("prompt") && backend_of(arguments, args) == "qaic";
  apply_foreign_words(arguments, bars);
  set_quiet(arguments.has("quiet"));
  if (arguments.has("verbose")) set_log_level(LogLevel::kInfo);
  if (!arguments.knows("list-devices") || !arguments.has("list-devices")) return true;
  print_device_list(arguments);
  return false;
}

}  // namespace tessera::cli
