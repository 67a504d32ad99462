#include "cli/model_options.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/arguments.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cli {
namespace {

std::string read_all(int descriptor, const std::string& name) {
  std::string bytes;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = read(descriptor, buffer, sizeof buffer);
    if (count == 0) return bytes;
    if (count > 0) {
      bytes.append(buffer, static_cast<size_t>(count));
    } else if (errno == EINTR && !interrupt_token().stop_requested()) {
      // The token follows the signal by a moment.
      usleep(1000);
    } else if (errno == EINTR) {
      throw Error(ErrorCode::kCancelled, "interrupted");
    } else {
      throw Error(ErrorCode::kIo, fmt::format("reading the text failed: {}", std::strerror(errno)))
          .file(name);
    }
    if (interrupt_token().stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
  }
}

}  // namespace

std::string read_input_file(const std::string& path) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input");
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    throw Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                fmt::format("the file cannot be opened: {}", std::strerror(errno)))
        .file(path);
  }
  std::string bytes;
  try {
    bytes = read_all(descriptor, path);
  } catch (...) {
    close(descriptor);
    throw;
  }
  close(descriptor);
  return bytes;
}

std::string model_of(const Config& config) {
  if (!config.has("model"))
    throw UsageError("no model given", "give a model folder, or an id of the hub cache");
  return config.text("model");
}

LoadOptions load_options(const Config& config) {
  return {.task = config.text("task"),
          .plugin_paths = config.list("plugin_paths"),
          .progress = terminal_progress()};
}

CompileOptions compile_options(const Config& config) {
  CompileOptions options;
  options.backend = config.text("compile.backend");
  options.ctx_len = config.integer("compile.ctx_len");
  options.num_threads = config.integer("compile.num_threads");
  options.isa = config.text("compile.isa");
  for (const PassSpec& pass : config.passes("compile.passes"))
    options.passes.push_back({pass.id, pass.options});
  options.expose_values = config.list("compile.expose_values");
  options.dump_dir = config.text("compile.dump_dir");
  options.backend_options = config.options("compile.options");
  options.progress = terminal_progress();
  return options;
}

GenerateOptions generate_options(const Config& config) {
  if (config.number("generate.temperature") != 0) {
    throw Error(ErrorCode::kNotSupported, "sampling with a temperature is not there yet")
        .key("generate.temperature")
        .remedy("0 decodes greedily");
  }
  return {.max_new_tokens = config.integer("generate.max_new_tokens"),
          .stop = config.list("generate.stop"),
          .stop_token_ids = config.integers("generate.stop_token_ids"),
          .ignore_eos = config.boolean("generate.ignore_eos"),
          .add_special_tokens = config.boolean("generate.add_special_tokens"),
          .progress = terminal_progress(),
          .cancel = interrupt_token()};
}

std::vector<Prompt> prompts_of(const Config& config) {
  // A flag replaces the prompt of the run file, of whatever kind that is.
  struct Source {
    const char* key;
    OriginKind origin;
  };
  std::vector<Source> sources;
  OriginKind highest = OriginKind::kDefault;
  for (const char* key : {"generate.prompt", "generate.prompt_file", "generate.input_ids"}) {
    if (!config.has(key)) continue;
    sources.push_back({key, config.origin(key).kind});
    highest = std::max(highest, sources.back().origin);
  }
  std::erase_if(sources, [&](const Source& s) { return s.origin < highest; });
  if (sources.size() > 1) {
    throw UsageError(fmt::format("both {} and {} are given", sources[0].key, sources[1].key),
                     "give one of them");
  }
  if (sources.empty()) {
    if (isatty(STDIN_FILENO) == 1)
      throw UsageError("no prompt given", "give one with -p, -f or on standard input");
    return {Prompt(read_all(STDIN_FILENO, "standard input"))};
  }
  const std::string key = sources.front().key;
  if (key == "generate.prompt_file") return {Prompt(read_input_file(config.text(key)))};
  if (key == "generate.input_ids") return {Prompt(config.integers(key))};
  std::vector<Prompt> prompts;
  for (const std::string& text : config.list(key)) prompts.emplace_back(text);
  return prompts;
}

void add_chat_template_flags(Arguments& arguments) {
  arguments.add_flags(
      "Template",
      {{"chat-template", '\0', "NAME", "", "one of the model's templates by name, or the text of a template"},
       {"chat-template-file", '\0', "FILE", "", "a template instead of the model's own"},
       {"chat-template-kwargs", '\0', "JSON", "", "an object: further variables of the template"},
       {"now", '\0', "TIME", "", "what strftime_now sees, as 2024-07-26T12:34:56; else the clock"}});
}

ChatTemplateOptions chat_template_options(const Arguments& arguments) {
  if (arguments.has("chat-template") && arguments.has("chat-template-file")) {
    throw UsageError("both --chat-template and --chat-template-file are given", "give one of them");
  }
  ChatTemplateOptions options;
  options.chat_template = arguments.get("chat-template");
  if (arguments.has("chat-template-file")) options.chat_template_file = arguments.get("chat-template-file");
  options.kwargs_json = arguments.get("chat-template-kwargs");
  options.now = arguments.get("now");
  return options;
}

}  // namespace tessera::cli
