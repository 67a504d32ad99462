/// Data goes to stdout through here, all else to stderr.
#pragma once

#include <string_view>

#include "tessera/sdk/error.hpp"

namespace tessera::cli {

/// Exit codes, as documented in docs/cli.md.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,   ///< the machine failed: I/O, memory, a defect
  kExitUsage = 2,     ///< a flag or a setting that cannot be understood
  kExitBadInput = 3,  ///< a checkpoint, graph, prompt or plugin that is broken or not supported
  kExitNotFound = 4,  ///< a file, folder, model or plugin that does not exist
  kExitDeviates = 5,  ///< verify: an output is beyond tolerance
  kExitInterrupted = 130,
  kExitOutputClosed = 141,  ///< the reader of stdout went away
};

/// Thrown when stdout's reader has closed it.
struct OutputClosed {};

/// Writes and flushes. Throws OutputClosed, or Error kIo (disk full).
void write_stdout(std::string_view data);

/// The exit code of an error.
ExitCode exit_code(const Error& error);

/// The error as a small story on stderr: message, where, while, try.
void print_error(const Error& error);

/// One line on stderr; nothing with --quiet.
void note(std::string_view text);

/// The same without an end of line: a person types behind it.
void note_prompt(std::string_view text);

/// Set by --quiet: no notes, no progress; errors are printed all the same.
void set_quiet(bool quiet);
bool quiet();

}  // namespace tessera::cli
