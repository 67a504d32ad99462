#include "tessera/fill_mask.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/text_inputs.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

json::array fills_json(const std::vector<MaskFill>& fills) {
  json::array array;
  for (const MaskFill& fill : fills) {
    array.push_back(json::object{{"score", fill.score},
                                 {"token", fill.token},
                                 {"token_str", fill.token_str},
                                 {"sequence", fill.sequence}});
  }
  return array;
}

}  // namespace

int run_fill_mask(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("fill-mask MODEL [TEXT... | -f FILE]");
  arguments.add_positional("model");
  add_text_flags(arguments);
  arguments.add_flags("Masks", {{"top-k", 'k', "N", "5", "tokens given for each mask, the best"}});
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const TextInputs inputs = read_text_inputs(arguments);
  FillMaskOptions options;
  static_cast<TextRunOptions&>(options) = text_run_options();
  options.top_k = arguments.integer("top-k", 1);

  AutoModelForMaskedLM model = AutoModelForMaskedLM::from_pretrained(model_of(config), load_options(config));
  for (const std::string& warning : model.info().warnings) note("warning: " + warning);
  model.compile(compile_options(config));
  const auto results = model.fill_mask(inputs.texts, options);
  json::array answers;
  for (const auto& masks : results) {
    // One mask is its list, several are a list of lists, as in Hugging Face's pipeline.
    json::array all;
    for (const std::vector<MaskFill>& fills : masks) all.push_back(fills_json(fills));
    answers.push_back(masks.size() == 1 ? all[0] : json::value(all));
  }
  print_answers(inputs, config.boolean("output.json"), answers, [&](size_t i) {
    std::string lines;
    for (const std::vector<MaskFill>& fills : results[i]) {
      for (const MaskFill& fill : fills)
        lines += fmt::format("{:.6f}\t{}\t{}\n", fill.score, fill.token_str, fill.sequence);
    }
    return lines;
  });
  return kExitOk;
}

}  // namespace tessera::cli
