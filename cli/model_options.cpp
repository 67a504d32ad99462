#include "cli/model_options.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "cli/arguments.hpp"
#include "cli/backend_options.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/system.hpp"

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

template <typename T>
bool parse_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::vector<sampling::LogitBias> logit_bias(const Config& config) {
  std::vector<sampling::LogitBias> biases;
  for (const auto& [id, value] : config.options("generate.logit_bias")) {
    auto& [token, bias] = biases.emplace_back();
    if (parse_number(id, token) && parse_number(value, bias)) continue;
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}={}' is no bias of a token", id, value))
        .key("generate.logit_bias")
        .remedy("give a token id and a number: 15=-2.5");
  }
  return biases;
}

std::vector<std::pair<std::string, double>> tenant_weights(const Config& config) {
  std::vector<std::pair<std::string, double>> weights;
  for (const auto& [tenant, text] : config.options("engine.tenant_weights")) {
    double weight = 0;
    if (!parse_number(text, weight)) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}={}' is no weight of a tenant", tenant, text))
          .key("engine.tenant_weights")
          .remedy("give a name and a number above 0: team-a=2.5");
    }
    weights.emplace_back(tenant, weight);
  }
  return weights;
}

/// "temperature 0.6, top_p 0.9".
std::string differences(const sampling::SamplingParams& p) {
  const sampling::SamplingParams neutral;
  std::vector<std::string> parts;
  const auto add = [&](std::string_view name, auto value, auto usual) {
    if (value != usual) parts.push_back(fmt::format("{} {}", name, value));
  };
  add("temperature", p.temperature, neutral.temperature);
  add("top_k", p.top_k, neutral.top_k);
  add("top_p", p.top_p, neutral.top_p);
  add("min_p", p.min_p, neutral.min_p);
  add("typical_p", p.typical_p, neutral.typical_p);
  add("repetition_penalty", p.repetition_penalty, neutral.repetition_penalty);
  add("no_repeat_ngram_size", p.no_repeat_ngram_size, neutral.no_repeat_ngram_size);
  add("min_tokens", p.min_tokens, neutral.min_tokens);
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

sampling::SamplingParams default_sampling(const Config& config, const AutoModelForCausalLM& model) {
  const std::string source = config.text("generate.generation_config");
  if (source == "none") return {};
  if (source != "auto") {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is neither auto nor none", source))
        .key("generate.generation_config");
  }
  sampling::SamplingParams params = model.sampling_defaults();
  const std::string said = differences(params);
  if (!said.empty()) {
    note(fmt::format("generation_config.json says {}; --generation-config none ignores it", said));
  }
  return params;
}

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

namespace {

void check_is_backend(const Config& config, const BackendSection& section) {
  const System system = inspect_system(config.list("plugin_paths"));
  for (const BackendInfo& backend : system.backends) {
    if (backend.id == section.backend) return;
  }
  std::vector<std::string> names;
  for (const BackendInfo& backend : system.backends) names.push_back(backend.id);
  throw Error(
      ErrorCode::kInvalidArgument,
      fmt::format("unknown key '{}': no section of a run file, and no backend of that name is installed",
                  section.backend))
      .file(section.where)
      .key(section.backend)
      .remedy(did_you_mean(section.backend, names));
}

}  // namespace

void add_backend_section(const Config& config, CompileOptions& options) {
  for (const BackendSection& section : config.backend_sections()) {
    if (section.backend != options.backend) {
      check_is_backend(config, section);
      continue;
    }
    for (const auto& [name, value] : section.options) {
      const std::string dashed = with_dashes(name);
      if (find_option(options.backend_options, dashed) == nullptr)
        options.backend_options.emplace_back(dashed, value);
    }
  }
}

namespace {

std::vector<OptionInfo> declared_options(const Config& config, const std::string& backend) {
  for (const BackendInfo& info : inspect_system(config.list("plugin_paths")).backends) {
    if (info.id == backend) return info.options;
  }
  return {};  // who compiles says that there is none
}

/// Commands that know the engine's settings read --num-speculative-tokens as one of them; for who makes a
/// target without running it (plan), it is the target's number.
void add_target_tokens(const Config& config, BackendOptions& options) {
  const std::string* type = find_option(options, "speculative-model-type");
  if (type == nullptr || *type != "target" || find_option(options, "num-speculative-tokens") != nullptr)
    return;
  const std::vector<int64_t> tokens = config.integers("engine.num_speculative_tokens");
  if (config.text("engine.speculation") != "off" || tokens.empty()) return;
  options.emplace_back("num-speculative-tokens", fmt::format("{}", fmt::join(tokens, ",")));
}

// What the configuration says, without regard to a draft model on the same device.
CompileOptions own_compile_options(const Config& config) {
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
  add_backend_section(config, options);
  add_target_tokens(config, options.backend_options);
  options.progress = terminal_progress();
  return options;
}

EngineSettings own_engine_settings(const Config& config) {
  EngineSettings settings;
  settings.max_num_seqs = config.integer("engine.max_num_seqs");
  settings.max_num_batched_tokens = config.integer("engine.max_num_batched_tokens");
  settings.prefill_chunk = config.integer("engine.prefill_chunk");
  settings.max_prefill_runs = config.integer("engine.max_prefill_runs");
  settings.max_queue = config.integer("engine.max_queue");
  settings.scheduling_policy = config.text("engine.scheduling_policy");
  settings.ageing_steps = config.number("engine.ageing_steps");
  settings.ageing_tokens = config.number("engine.ageing_tokens");
  settings.tenant_weights = tenant_weights(config);
  settings.preempt = config.boolean("engine.preempt");
  settings.prefix_caching = config.boolean("engine.prefix_caching");
  settings.kv_tokens = config.integer("engine.kv_tokens");
  settings.step_timeout = config.number("engine.step_timeout");
  settings.max_reloads = config.integer("engine.max_reloads");
  settings.speculation = config.text("engine.speculation");
  settings.draft_model = config.text("engine.draft_model");
  settings.draft_options = config.options("engine.draft_options");
  settings.num_speculative_tokens = config.integers("engine.num_speculative_tokens");
  return settings;
}

}  // namespace

std::optional<CoreSplit> core_split(const Config& config) {
  if (config.text("engine.speculation") != "draft" || config.text("engine.draft_model").empty())
    return std::nullopt;
  const CompileOptions options = own_compile_options(config);
  return core_split(options, config.options("engine.draft_options"),
                    declared_options(config, options.backend));
}

CompileOptions compile_options(const Config& config) {
  CompileOptions options = own_compile_options(config);
  options.num_speculative_tokens = compiled_speculative_tokens(own_engine_settings(config));
  const std::optional<CoreSplit> split = core_split(config);
  return split ? with_cores(std::move(options), split->target) : options;
}

EngineSettings engine_settings(const Config& config) {
  EngineSettings settings = own_engine_settings(config);
  const std::optional<CoreSplit> split = core_split(config);
  if (split) settings.draft_options = with_cores(std::move(settings.draft_options), split->draft);
  return settings;
}

GenerateOptions generate_options(const Config& config) {
  return {.max_new_tokens = config.integer("generate.max_new_tokens"),
          .stop = config.list("generate.stop"),
          .stop_token_ids = config.integers("generate.stop_token_ids"),
          .ignore_eos = config.boolean("generate.ignore_eos"),
          .add_special_tokens = config.boolean("generate.add_special_tokens"),
          .progress = terminal_progress(),
          .cancel = interrupt_token()};
}

sampling::SamplingParams sampling_params(const Config& config, const AutoModelForCausalLM& model) {
  return sampling_params(config, default_sampling(config, model));
}

sampling::SamplingParams sampling_params(const Config& config, sampling::SamplingParams params) {
  const auto given = [&](std::string_view key) { return config.origin(key).kind != OriginKind::kDefault; };
  const auto take_number = [&](std::string_view key, double& out) {
    if (given(key)) out = config.number(key);
  };
  const auto take_integer = [&](std::string_view key, int64_t& out) {
    if (given(key)) out = config.integer(key);
  };
  take_number("generate.temperature", params.temperature);
  // The file's filters belong to its sampling.
  if (params.greedy()) params.typical_p = 1;
  take_integer("generate.top_k", params.top_k);
  take_number("generate.top_p", params.top_p);
  take_number("generate.min_p", params.min_p);
  take_number("generate.typical_p", params.typical_p);
  take_number("generate.repetition_penalty", params.repetition_penalty);
  take_number("generate.presence_penalty", params.presence_penalty);
  take_number("generate.frequency_penalty", params.frequency_penalty);
  take_integer("generate.no_repeat_ngram_size", params.no_repeat_ngram_size);
  take_integer("generate.min_tokens", params.min_tokens);
  take_integer("generate.logprobs", params.logprobs);
  take_integer("generate.n", params.n);
  take_integer("generate.best_of", params.best_of);
  if (config.has("generate.seed")) params.seed = static_cast<uint64_t>(config.integer("generate.seed"));
  params.logit_bias = logit_bias(config);
  sampling::validate(params);
  return params;
}

std::string prompt_source(const Config& config) {
  // A flag replaces the prompt of the run file, of whatever kind that is.
  struct Source {
    const char* key;
    OriginKind origin;
  };
  std::vector<Source> sources;
  OriginKind highest = OriginKind::kDefault;
  for (const char* key :
       {"requests", "requests_file", "generate.prompt", "generate.prompt_file", "generate.input_ids"}) {
    if (!config.has(key)) continue;
    sources.push_back({key, config.origin(key).kind});
    highest = std::max(highest, sources.back().origin);
  }
  std::erase_if(sources, [&](const Source& s) { return s.origin < highest; });
  if (sources.size() > 1) {
    throw UsageError(fmt::format("both {} and {} are given", sources[0].key, sources[1].key),
                     "give one of them");
  }
  return sources.empty() ? "" : sources.front().key;
}

std::vector<Prompt> prompts_of(const Config& config) {
  const std::string key = prompt_source(config);
  if (key.empty()) {
    if (isatty(STDIN_FILENO) == 1)
      throw UsageError("no prompt given", "give one with -p, -f or on standard input");
    return {Prompt(read_all(STDIN_FILENO, "standard input"))};
  }
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
