/// Runs the command `tessera` as a user does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tessera::test {

struct Finished {
  int exit_code = -1;  ///< 128 + signal when a signal ended it
  std::string out, err;
};

struct ProcessOptions {
  std::map<std::string, std::string> environment = {};  ///< on top of this process's own
  std::string input = {};                               ///< standard input
  std::filesystem::path folder = {};                    ///< working directory; empty: this process's
  bool close_stdout_early = false;                      ///< the reader of stdout goes away at once
  const char* stdout_path = nullptr;                    ///< a file instead of a pipe ("/dev/full")
  int interrupt_after_ms = 0;              ///< sends SIGINT once stdout has bytes, or after this time
  std::function<bool()> signal_when = {};  ///< asked now and then; once true, sends `signal`
  int signal = 9;
  uint64_t file_size_limit = 0;  ///< bytes that a file may have (RLIMIT_FSIZE); 0: any
};

/// The binary under test (TESSERA_BINARY) with these arguments; killed after five minutes.
Finished run_tessera(const std::vector<std::string>& args, const ProcessOptions& options = {});

/// tests/data of the source tree.
std::filesystem::path test_data();

}  // namespace tessera::test
