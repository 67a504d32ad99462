#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>
#include <optional>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/json_lines.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "core/json/json.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "tessera/tokenizer.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

/// A text, or two as one sequence; an empty second text is a second text.
struct Input {
  std::string text;
  std::optional<std::string> pair;
};

std::string string_of(const json::value& value) {
  return std::string(std::string_view(value.get_string()));
}

Input input_of(const json::value& value, const std::string& where) {
  if (value.is_string()) return {string_of(value), std::nullopt};
  if (const json::array* pair = value.if_array()) {
    if (pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string()) {
      return {string_of((*pair)[0]), string_of((*pair)[1])};
    }
  }
  if (const json::object* object = value.if_object()) {
    const json::value *text = object->if_contains("text"), *pair = object->if_contains("text_pair");
    const bool has_pair = pair && !pair->is_null();
    if (text && text->is_string() && (!has_pair || pair->is_string())) {
      return {string_of(*text), has_pair ? std::optional(string_of(*pair)) : std::nullopt};
    }
  }
  throw Error(ErrorCode::kCorruptData, fmt::format("the line is {}, which is no text", json_kind(value)))
      .file(where)
      .remedy("a line is a string, a pair [a, b], or an object with 'text' and 'text_pair'");
}

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

Encoding encode(const Tokenizer& tokenizer, const Input& input, const EncodeOptions& options) {
  if (input.pair) return tokenizer.encode_pair(input.text, *input.pair, options);
  return tokenizer.encode_with_offsets(input.text, options);
}

Arguments tokenize_arguments() {
  Arguments arguments("tokenize MODEL [-p TEXT | -f FILE] [--pair TEXT]");
  arguments.add_positional("model");
  arguments.add_settings("Text", {"generate.prompt", "generate.prompt_file", "generate.add_special_tokens"});
  arguments.add_flags(
      "Text",
      {{"pair", '\0', "TEXT", "", "second text: both become one sequence"},
       {"jsonl", '\0', "", "",
        "each line of the file (or standard input) is a JSON value: a string, a pair [a, b], or an object "
        "with text and text_pair; a line with a JSON object answers each"},
       {"no-truncation", '\0', "", "", "do not shorten, whatever tokenizer.json says"},
       {"no-padding", '\0', "", "", "do not fill up, whatever tokenizer.json says"}});
  arguments.add_settings("Model", {"model"});
  arguments.add_settings("Output", {"output.json"});
  return arguments;
}

void tokenize_lines(const Config& config, const Tokenizer& tokenizer, const EncodeOptions& options) {
  if (config.has("generate.prompt")) {
    throw UsageError("--jsonl says how a file is read", "give it with -f or on standard input");
  }
  const std::string file = config.has("generate.prompt_file") ? config.text("generate.prompt_file") : "-";
  for_each_json_line(read_input_file(file), file == "-" ? "standard input" : file,
                     [&](const json::value& value, const std::string& where) {
                       try {
                         write_json(encoding_json(encode(tokenizer, input_of(value, where), options)));
                       } catch (Error& error) {
                         error.add_file(where);
                         throw;
                       }
                     });
}

}  // namespace

int run_tokenize(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments = tokenize_arguments();
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const AutoTokenizer tokenizer = AutoTokenizer::from_pretrained(model_of(config));
  EncodeOptions options;
  options.add_special_tokens = config.boolean("generate.add_special_tokens");
  options.truncate = !arguments.has("no-truncation");
  options.pad = !arguments.has("no-padding");
  if (arguments.has("jsonl")) {
    tokenize_lines(config, tokenizer.impl(), options);
    return kExitOk;
  }
  json::array answers;
  for (const Prompt& prompt : prompts_of(config)) {
    Input input{prompt.text, std::nullopt};
    if (arguments.has("pair")) input.pair = arguments.get("pair");
    const Encoding encoding = encode(tokenizer.impl(), input, options);
    if (config.boolean("output.json")) {
      answers.push_back(encoding_json(encoding));
    } else {
      write_stdout(fmt::format("{}\n", fmt::join(encoding.ids, " ")));
    }
  }
  if (config.boolean("output.json")) write_json(answers.size() == 1 ? answers[0] : json::value(answers));
  return kExitOk;
}

}  // namespace tessera::cli
