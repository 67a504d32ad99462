#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "tessera/tokenizer.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

json::object encoding_json(const Encoding& encoding) {
  json::array offsets, types, mask;
  for (const auto& [begin, end] : encoding.offsets) offsets.push_back(json::array{begin, end});
  for (const uint32_t type : encoding.type_ids) types.emplace_back(type);
  for (const uint32_t bit : encoding.attention_mask) mask.emplace_back(bit);
  return {{"ids", to_json(encoding.ids)},
          {"tokens", to_json(encoding.tokens)},
          {"offsets", offsets},
          {"type_ids", types},
          {"attention_mask", mask}};
}

}  // namespace

int run_tokenize(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("tokenize MODEL [-p TEXT | -f FILE]");
  arguments.add_positional("model");
  arguments.add_settings("Text", {"generate.prompt", "generate.prompt_file", "generate.add_special_tokens"});
  arguments.add_settings("Model", {"model"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const AutoTokenizer tokenizer = AutoTokenizer::from_pretrained(model_of(config));
  for (const Prompt& prompt : prompts_of(config)) {
    const Encoding encoding =
        tokenizer.impl().encode_with_offsets(prompt.text, config.boolean("generate.add_special_tokens"));
    if (config.boolean("output.json")) {
      write_json(encoding_json(encoding));
    } else {
      write_stdout(fmt::format("{}\n", fmt::join(encoding.ids, " ")));
    }
  }
  return kExitOk;
}

}  // namespace tessera::cli
