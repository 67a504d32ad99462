#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "tessera/tokenizer.hpp"

namespace tessera::cli {

int run_detokenize(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("detokenize MODEL --input-ids IDS");
  arguments.add_positional("model");
  arguments.add_settings("Ids", {"generate.input_ids"});
  arguments.add_flags("Ids", {{"skip-special-tokens", '\0', "", "", "leave special tokens out of the text"}});
  arguments.add_settings("Model", {"model"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  if (!config.has("generate.input_ids")) throw UsageError("no ids given", "--input-ids 1,2,3");
  const AutoTokenizer tokenizer = AutoTokenizer::from_pretrained(model_of(config));
  const std::string text =
      tokenizer.decode(config.integers("generate.input_ids"), arguments.has("skip-special-tokens"));
  if (config.boolean("output.json")) {
    write_json(boost::json::object{{"text", text}});
  } else {
    write_stdout(text + "\n");
  }
  return kExitOk;
}

}  // namespace tessera::cli
