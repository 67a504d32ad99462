/// The texts that `embed`, `classify` and `fill-mask` read, and where their answers go.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "tessera/text_input.hpp"

namespace tessera::cli {

/// Texts as they came.
struct TextInputs {
  std::vector<TextInput> texts;
  /// One text was given by itself; else a list was, and JSON answers with a list even if it has one entry.
  bool single = true;
  /// Answers go out line by line, as the questions came in: --jsonl without --json.
  bool answer_by_line = false;
};

/// Flags: the texts as arguments or -p, -f, --lines, --jsonl, --pair. Call after add_positional("model").
void add_text_flags(Arguments& arguments);

/// Arguments and -p: a text each; -f FILE or standard input: one text, or one a line with --lines, or with
/// --jsonl (and for files *.jsonl) one JSON value a line: a string, a pair [a, b], an object with "text" and
/// "text_pair" (or "question" and "context"). --pair TEXT makes pairs: one for all, or one a text. Throws
/// UsageError, or Error kCorruptData with file and line.
TextInputs read_text_inputs(const Arguments& arguments);

/// Prints the answers: one JSON value, or a line an answer, as `inputs` and --json say; `plain(i)` is the
/// text of answer i otherwise.
void print_answers(const TextInputs& inputs, bool as_json, const boost::json::array& answers,
                   const std::function<std::string(size_t)>& plain);

/// Progress, Ctrl-C, and a note on stderr for each text that is cut.
TextRunOptions text_run_options();

}  // namespace tessera::cli
