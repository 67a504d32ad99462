/// From the settings of a run to the options of the API.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/core_split.hpp"
#include "core/config/config.hpp"
#include "tessera/chat_template.hpp"
#include "tessera/model.hpp"

namespace tessera::cli {

/// The model of the run. Throws UsageError when none is given.
std::string model_of(const Config& config);

LoadOptions load_options(const Config& config);
/// Of the model of a run; a draft model on its device leaves it some of the cores (core_split.hpp), as
/// engine_settings says, too.
CompileOptions compile_options(const Config& config);
EngineSettings engine_settings(const Config& config);
/// Adds the section of the run file that is of `options.backend`; options that are there win over it. Throws
/// Error for a section that belongs to no backend.
void add_backend_section(const Config& config, CompileOptions& options);
/// nullopt: the run has no draft model, or nothing is shared.
std::optional<CoreSplit> core_split(const Config& config);
/// All but the sampling.
GenerateOptions generate_options(const Config& config);
/// What is given, over what the model's generation_config.json says (--generation-config auto), over the
/// neutral values. Throws Error.
sampling::SamplingParams sampling_params(const Config& config, const AutoModelForCausalLM& model);
/// The same in two steps, the first of which says on stderr what the model's file says.
sampling::SamplingParams default_sampling(const Config& config, const AutoModelForCausalLM& model);
sampling::SamplingParams sampling_params(const Config& config, sampling::SamplingParams defaults);

/// Where the prompts or requests of the run are: the setting with the highest origin; empty: nowhere. Throws
/// UsageError when two are given alike.
std::string prompt_source(const Config& config);

/// The prompts of the run: texts, a file's bytes (the last newline too), ids, or standard input when nothing
/// is given and it is no terminal. Throws UsageError (none, or two kinds at once) or Error (file missing).
std::vector<Prompt> prompts_of(const Config& config);

/// --chat-template, --chat-template-file, --chat-template-kwargs, --now.
void add_chat_template_flags(Arguments& arguments);
ChatTemplateOptions chat_template_options(const Arguments& arguments);

/// All bytes of a file; "-" is standard input. Throws Error kNotFound, kIo, or kCancelled (Ctrl-C).
std::string read_input_file(const std::string& path);

}  // namespace tessera::cli
