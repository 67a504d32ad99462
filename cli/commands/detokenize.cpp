#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/json_lines.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "core/json/json.hpp"
#include "tessera/tokenizer.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

/// An array of ids, or an object with the array `ids` (a line of `tokenize --jsonl`).
std::vector<int64_t> ids_of(const json::value& value, const std::string& where) {
  const json::value* list = &value;
  if (const json::object* object = value.if_object()) list = object->if_contains("ids");
  if (list && list->is_array()) {
    std::vector<int64_t> ids;
    for (const json::value& id : list->get_array()) {
      if (!id.is_int64()) break;
      ids.push_back(id.get_int64());
    }
    if (ids.size() == list->get_array().size()) return ids;
  }
  throw Error(ErrorCode::kCorruptData,
              fmt::format("the line is {}, which is no list of ids", json_kind(value)))
      .file(where)
      .remedy("a line is an array of integers, or an object with the array 'ids'");
}

}  // namespace

int run_detokenize(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("detokenize MODEL (--input-ids IDS | --jsonl)");
  arguments.add_positional("model");
  arguments.add_settings("Ids", {"generate.input_ids"});
  arguments.add_flags(
      "Ids", {{"file", 'f', "PATH", "-", "with --jsonl: the file; - is standard input"},
              {"jsonl", '\0', "", "",
               "each line of the file is a JSON array of ids; a line with a JSON string answers each"},
              {"skip-special-tokens", '\0', "", "", "leave special tokens out of the text"}});
  arguments.add_settings("Model", {"model"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const bool skip = arguments.has("skip-special-tokens"), jsonl = arguments.has("jsonl");
  if (jsonl == config.has("generate.input_ids")) {
    throw UsageError(jsonl ? "both --jsonl and --input-ids are given" : "no ids given",
                     "--input-ids 1,2,3, or --jsonl and a file");
  }
  if (arguments.has("file") && !jsonl) throw UsageError("--file goes with --jsonl", "");
  const AutoTokenizer tokenizer = AutoTokenizer::from_pretrained(model_of(config));
  if (jsonl) {
    const std::string file = arguments.get("file");
    for_each_json_line(read_input_file(file), file == "-" ? "standard input" : file,
                       [&](const json::value& value, const std::string& where) {
                         write_json(json::string(tokenizer.decode(ids_of(value, where), skip)));
                       });
    return kExitOk;
  }
  const std::string text = tokenizer.decode(config.integers("generate.input_ids"), skip);
  if (config.boolean("output.json")) {
    write_json(json::object{{"text", text}});
  } else {
    write_stdout(text + "\n");
  }
  return kExitOk;
}

}  // namespace tessera::cli
