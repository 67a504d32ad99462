#include "cli/foreign_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "cli/model_options.hpp"
#include "cli/prompt_list.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cli {
namespace {

/// Gives the value of `word` to the setting `key`, whose own flag must not be given.
void set_by_word(Arguments& arguments, const std::string& word, std::string_view own_flag,
                 std::string_view key, std::vector<std::string> texts) {
  if (arguments.has(own_flag)) {
    throw UsageError(fmt::format("both --{} and --{} are given", own_flag, word), "give one of them");
  }
  arguments.config().set(key, std::move(texts), {OriginKind::kFlag, "--" + word});
}

/// The lines of a file without their ends; empty ones are no prompts.
std::vector<std::string> lines_of(const std::string& path) {
  const std::string bytes = read_input_file(path);
  std::vector<std::string> lines;
  for (std::string_view rest = bytes; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
  }
  if (lines.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "the file holds no prompt")
        .file(path)
        .remedy("write one prompt a line");
  }
  return lines;
}

void use_cache_folder(const std::string& folder) {
  if (folder.empty()) throw UsageError("--cache-dir names no folder", "give the cache of the hub");
  if (setenv("HF_HUB_CACHE", folder.c_str(), 1) != 0) throw std::bad_alloc();
}

}  // namespace

void add_foreign_words(Arguments& arguments) {
  std::vector<Flag> flags;
  if (arguments.knows("max-tokens")) {
    flags.push_back({"generation-len", '\0', "N", "", "another name of --max-tokens"});
  }
  if (arguments.knows("prompt")) {
    flags.push_back({"prompts-txt-file-path", '\0', "FILE", "", "prompts, one a line"});
  }
  if (arguments.knows("model")) {
    flags.push_back({"local-model-dir", '\0', "DIR", "", "the model's folder; MODEL is then only a name"});
    flags.push_back({"cache-dir", '\0', "DIR", "", "the hub's cache, instead of HF_HUB_CACHE"});
    flags.push_back({"hf-token", '\0', "TEXT", "", "refused: nothing here uses the network"});
  }
  if (!flags.empty()) arguments.add_flags("Words of Efficient Transformers", std::move(flags));
}

void apply_foreign_words(Arguments& arguments, bool bars) {
  const auto given = [&](std::string_view word) { return arguments.knows(word) && arguments.has(word); };
  if (given("hf-token")) {
    throw UsageError(
        "--hf-token opens nothing: models are read from folders, and nothing here uses the network",
        "fetch the model with the hub's own tools, then give its folder, or --cache-dir");
  }
  if (given("cache-dir")) use_cache_folder(arguments.get("cache-dir"));
  if (given("local-model-dir")) {
    arguments.config().set("model", {arguments.get("local-model-dir")},
                           {OriginKind::kFlag, "--local-model-dir"});
  }
  if (given("generation-len")) {
    set_by_word(arguments, "generation-len", "max-tokens", "generate.max_new_tokens",
                {arguments.get("generation-len")});
  }
  if (given("prompts-txt-file-path")) {
    set_by_word(arguments, "prompts-txt-file-path", "prompt", "generate.prompt",
                lines_of(arguments.get("prompts-txt-file-path")));
  }
  if (!bars || !given("prompt")) return;
  std::vector<std::string> prompts;
  for (const std::string& text : arguments.list("prompt")) {
    for (std::string& prompt : split_prompts(text)) prompts.push_back(std::move(prompt));
  }
  arguments.config().set("generate.prompt", std::move(prompts), {OriginKind::kFlag, "--prompt"});
}

}  // namespace tessera::cli
