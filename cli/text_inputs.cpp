#include "cli/text_inputs.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <string_view>

#include "cli/interrupt.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

const std::string* find_text(const json::object& object, std::string_view key, std::string& held) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return nullptr;
  held = std::string_view(value->get_string());
  return &held;
}

/// A string, a pair, or an object of texts.
TextInput text_of(const json::value& value, const std::string& where) {
  if (value.is_string()) return {std::string_view(value.get_string())};
  if (value.is_array()) {
    const json::array& pair = value.get_array();
    if (pair.size() == 2 && pair[0].is_string() && pair[1].is_string()) {
      return {std::string(std::string_view(pair[0].get_string())),
              std::string(std::string_view(pair[1].get_string()))};
    }
  }
  if (value.is_object()) {
    std::string first, second;
    const json::object& object = value.get_object();
    if (find_text(object, "text", first) != nullptr || find_text(object, "question", first) != nullptr) {
      if (find_text(object, "text_pair", second) == nullptr) find_text(object, "context", second);
      return {first, second};
    }
  }
  throw Error(ErrorCode::kCorruptData, fmt::format("the line is {}, which is no text", json_kind(value)))
      .file(where)
      .remedy("a line is a string, a pair [a, b], or an object with 'text' and 'text_pair'");
}

std::vector<TextInput> read_jsonl(std::string_view bytes, const std::string& name) {
  std::vector<TextInput> texts;
  size_t number = 0;
  for (const std::string_view line : lines_of(bytes)) {
    const std::string where = fmt::format("{}, line {}", name, ++number);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    texts.push_back(text_of(parse_json(line, where), where));
  }
  return texts;
}

void pair_up(std::vector<TextInput>& texts, const std::vector<std::string>& pairs) {
  if (pairs.empty()) return;
  if (pairs.size() != 1 && pairs.size() != texts.size()) {
    throw UsageError(fmt::format("{} texts, but {} times --pair", texts.size(), pairs.size()),
                     "give one for all, or one a text");
  }
  for (size_t i = 0; i < texts.size(); ++i) texts[i].pair = pairs[pairs.size() == 1 ? 0 : i];
}

/// From a file or standard input.
TextInputs read_bytes(const Arguments& arguments, const std::string& file) {
  const std::string name = file == "-" ? "standard input" : file;
  const std::string bytes = read_input_file(file);
  TextInputs inputs;
  const bool jsonl = arguments.has("jsonl") || (file.ends_with(".jsonl") && !arguments.has("lines"));
  inputs.single = !jsonl && !arguments.has("lines");
  inputs.answer_by_line = jsonl;
  if (jsonl) {
    inputs.texts = read_jsonl(bytes, name);
  } else if (arguments.has("lines")) {
    for (const std::string_view line : lines_of(bytes)) inputs.texts.emplace_back(line);
  } else {
    inputs.texts.emplace_back(bytes);
  }
  return inputs;
}

}  // namespace

void add_text_flags(Arguments& arguments) {
  arguments.add_positionals("text");
  arguments.add_flags(
      "Texts", {{"text", '\0', "TEXT", "", "a text; the arguments after MODEL are texts, too", true},
                {"prompt", 'p', "TEXT", "", "a text; repeatable", true},
                {"file", 'f', "PATH", "",
                 "file that is one text, or holds many (--lines, --jsonl); - is standard input"},
                {"lines", '\0', "", "", "each line of the file is a text"},
                {"jsonl", '\0', "", "",
                 "each line is a JSON value: a string, a pair [a, b], or an object with text and text_pair; "
                 "answers come "
                 "line by line, too"},
                {"pair", '\0', "TEXT", "", "second text of a pair: one for all texts, or one each", true}});
}

TextInputs read_text_inputs(const Arguments& arguments) {
  std::vector<std::string> given = arguments.list("text");
  for (std::string& text : arguments.list("prompt")) given.push_back(std::move(text));
  if (!given.empty() && arguments.has("file"))
    throw UsageError("both texts and a file are given", "give one of them");
  if (!given.empty() && (arguments.has("lines") || arguments.has("jsonl"))) {
    throw UsageError("--lines and --jsonl say how a file is read", "give it with -f or on standard input");
  }
  if (arguments.has("lines") && arguments.has("jsonl"))
    throw UsageError("both --lines and --jsonl are given", "");
  TextInputs inputs;
  if (given.empty()) {
    if (!arguments.has("file") && isatty(STDIN_FILENO) == 1)
      throw UsageError("no text given", "give one after the model, with -f or on standard input");
    inputs = read_bytes(arguments, arguments.has("file") ? arguments.get("file") : "-");
  } else {
    for (std::string& text : given) inputs.texts.emplace_back(std::move(text));
    inputs.single = inputs.texts.size() == 1;
  }
  pair_up(inputs.texts, arguments.list("pair"));
  return inputs;
}

void print_answers(const TextInputs& inputs, bool as_json, const json::array& answers,
                   const std::function<std::string(size_t)>& plain) {
  if (as_json) return write_json(inputs.single ? answers.at(0) : json::value(answers));
  for (size_t i = 0; i < answers.size(); ++i) {
    if (inputs.answer_by_line) {
      write_json(answers[i]);
    } else {
      write_stdout(plain(i));
    }
  }
}

TextRunOptions text_run_options() {
  return {.on_truncated =
              [](size_t index, int64_t tokens, int64_t kept) {
                note(fmt::format("text {} has {} tokens, the first {} are used", index + 1, tokens, kept));
              },
          .progress = terminal_progress(),
          .cancel = interrupt_token()};
}

}  // namespace tessera::cli
