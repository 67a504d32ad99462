/// What the stand-in pretends and where it fails: a text file named by QAIC_STANDIN_SCRIPT, one order a line.
///
/// - `devices 2`: pretend devices (4)
/// - `nsps 16`: of each device
/// - `dram-mb 100`: of each device; a program that needs more does not load
/// - `device 1 initializing`, or `error`
/// - `read-delay-ms 20`: workers read the caller's buffers this much later
/// - `noise-ppm 500`: outputs are off by so many millionths at most, by another amount in each compiled shape
/// - `fail qaicLoadProgram QS_NOMEM`: each call of a function; with `at 3` its third call alone
/// - `reset 0 at 5`: the fifth run on device 0 fails, and all until the program is loaded anew
/// - `compile exit 3`: qaic-compile ends so after its first lines
/// - `compile sleep-ms 5000`: it takes so much longer
/// - `compile crash`, `silent`, `no-output`: killed by a signal; fails without a word; ends well without a
/// file
/// - `# a comment`
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/qaic/driver/qaic_api.h"

namespace tessera::qaic::standin {

struct Fault {
  std::string function;
  QStatus status = QS_ERROR;
  uint64_t at = 0;  ///< which call, from 1; 0 = all
};

struct Reset {
  QID device = 0;
  uint64_t at = 0;  ///< which run on it, from 1
};

struct Script {
  int devices = 4;
  int nsps = 16;
  uint64_t dram_mb = 32768;
  std::map<QID, QDevStatus> states;  ///< of devices that are not ready
  int read_delay_ms = 0;
  int noise_ppm = 0;
  std::vector<Fault> faults;
  std::vector<Reset> resets;
  std::optional<int> compile_exit;
  int compile_sleep_ms = 0;
  bool compile_crash = false, compile_silent = false, compile_no_output = false;
};

/// Throws kInvalidArgument naming the line.
Script parse_script(std::string_view text);

/// The text of the file that QAIC_STANDIN_SCRIPT names; empty without one. Throws kNotFound.
std::string script_text();

}  // namespace tessera::qaic::standin
