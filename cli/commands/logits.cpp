#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "tessera/auto_model.hpp"

namespace tessera::cli {
namespace {

void write_tensors(const std::string& path, const std::vector<NamedTensor>& tensors) {
  SafetensorsWriter writer(path);
  for (const NamedTensor& tensor : tensors) writer.declare(tensor.name, DType::kF32, tensor.dims);
  for (const NamedTensor& tensor : tensors) writer.append_floats(tensor.data);
  writer.finish();
}

/// Of a causal language model: logits and, when asked, hidden states of every position.
std::vector<NamedTensor> causal_tensors(const Arguments& arguments, const Config& config,
                                        const CompileOptions& compile, const Prompt& prompt) {
  AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(model_of(config), load_options(config));
  model.compile(compile);
  return model.logits(prompt, {.chunks = arguments.integers("chunk", 1),
                               .hidden_states = arguments.has("hidden-states"),
                               .add_special_tokens = config.boolean("generate.add_special_tokens"),
                               .progress = terminal_progress(),
                               .cancel = interrupt_token()});
}

/// Of any other model: what its graph gives.
std::vector<NamedTensor> forward_tensors(AutoModel& model, const CompileOptions& compile,
                                         const Prompt& prompt) {
  model.compile(compile);
  if (prompt.is_ids) return model.forward(prompt.ids);
  TextRunOptions options;
  options.cancel = interrupt_token();
  return model.forward({TextInput(prompt.text)}, options).front();
}

}  // namespace

int run_logits(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("logits MODEL (-p TEXT | -f FILE | --input-ids IDS) -o FILE.safetensors");
  arguments.add_positional("model");
  arguments.add_settings("Prompt", {"generate.prompt", "generate.prompt_file", "generate.input_ids",
                                    "generate.add_special_tokens"});
  arguments.add_flags(
      "Logits", {{"output", 'o', "FILE", "",
                  "safetensors file that receives logits [seq, vocab] as F32; of encoders all outputs"},
                 {"hidden-states", '\0', "", "", "also hidden.0 .. hidden.L, each [seq, hidden]"},
                 {"chunk", '\0', "N,N,...", "", "rows of each step, the last repeated; default: all at once"},
                 {"reference", '\0', "", "", "the pure graph, functions inlined, on the plain executor"}});
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  if (!arguments.has("output")) throw UsageError("no output file given", "-o FILE.safetensors");
  const std::vector<Prompt> prompts = prompts_of(config);
  if (prompts.size() != 1) throw UsageError("logits takes one prompt", "");

  AutoModel model = AutoModel::from_pretrained(model_of(config), load_options(config));
  for (const std::string& warning : model.info().warnings) note("warning: " + warning);
  CompileOptions compile = compile_options(config);
  compile.reference = arguments.has("reference");
  if (arguments.has("hidden-states")) compile.expose_values.emplace_back("hidden.*");
  const std::vector<NamedTensor> tensors = model.info().task == "causal-lm"
                                               ? causal_tensors(arguments, config, compile, prompts.front())
                                               : forward_tensors(model, compile, prompts.front());
  write_tensors(arguments.get("output"), tensors);

  boost::json::object written;
  for (const NamedTensor& tensor : tensors) written[tensor.name] = to_json(tensor.dims);
  if (config.boolean("output.json")) {
    write_json(boost::json::object{{"file", arguments.get("output")}, {"tensors", written}});
  } else {
    note(fmt::format("wrote {} tensors to {}", tensors.size(), arguments.get("output")));
  }
  return kExitOk;
}

}  // namespace tessera::cli
