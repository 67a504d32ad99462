/// Progress on a terminal: one line on stderr that rewrites itself, only for what takes longer than a moment.
#pragma once

#include <cstdint>
#include <string_view>

#include "tessera/model.hpp"

namespace tessera::cli {

/// Functions of the one progress line of the process. Any thread.
struct ProgressLine {
  /// Shows "what 42 %" when stderr is a terminal and 300 ms have passed since this `what` began.
  /// `detail` follows and may change.
  static void show(std::string_view what, uint64_t done, uint64_t total, std::string_view detail = {});
  static void clear();  ///< before anything else is written
};

/// What commands hand to the API: shows progress, and cancels when Ctrl-C was pressed.
ProgressFn terminal_progress();

}  // namespace tessera::cli
