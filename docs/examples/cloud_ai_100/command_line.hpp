/// What the three examples have in common: words on the command line, and how an error is told.
///
///     EXAMPLE MODEL BACKEND [OPTION=VALUE]...     generate llama qaic sdk=/opt/qti-aic
///
/// BACKEND is "cpu", or "qaic" for Cloud AI 100; what follows are options of the backend.
#pragma once

#include <exception>
#include <iostream>
#include <string>

#include "tessera/model.hpp"

namespace example {

struct CommandLine {
  std::string model;
  tessera::CompileOptions compile;
};

inline CommandLine read_command_line(int count, char** words) {
  CommandLine line{words[1], {}};
  line.compile.backend = words[2];
  line.compile.num_cores = line.compile.backend == "qaic" ? 4 : 0;
  for (int i = 3; i < count; ++i) {
    const std::string word = words[i];
    const size_t equals = word.find('=');
    line.compile.backend_options.emplace_back(word.substr(0, equals),
                                              equals == std::string::npos ? "" : word.substr(equals + 1));
  }
  return line;
}

/// main() of an example: 0, or 1 for an error and 2 for missing words, told on stderr.
inline int run(int count, char** words, void (*example)(const CommandLine&)) {
  if (count < 3) {
    std::cerr << "usage: " << words[0] << " MODEL BACKEND [OPTION=VALUE]...\n";
    return 2;
  }
  try {
    example(read_command_line(count, words));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

}  // namespace example
