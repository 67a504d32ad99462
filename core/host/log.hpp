/// The log: one event, one line, to stderr; stdout is for data alone. Libraries and plugins return errors and
/// log nothing twice; who handles an error logs it, once.
///
/// The level is "warn" at first, or what TESSERA_LOG says (trace, debug, info, warn, error, off). All
/// functions: any thread, never throw.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace tessera {

/// Numbered as TSR_LOG_* in tessera/abi.h.
enum class LogLevel : int32_t {
  kTrace = 0,
  kDebug = 1,  ///< what a developer wants
  kInfo = 2,   ///< what an operator wants at the end of the day
  kWarn = 3,   ///< it went on, you may care
  kError = 4,  ///< it failed
  kOff = 5,
};

void set_log_level(LogLevel level) noexcept;
LogLevel log_level() noexcept;
bool log_enabled(LogLevel level) noexcept;

/// Writes "warning: plugins: text". Line breaks in `text` become spaces. `component` is one word of the
/// folder list.
void log(LogLevel level, std::string_view component, std::string_view text) noexcept;

/// Formats only when the level is on: `log(LogLevel::kInfo, "compile", "bytes={} ms={}", bytes, ms)`.
template <class First, class... More>
void log(LogLevel level, std::string_view component, fmt::format_string<First, More...> format, First&& first,
         More&&... more) noexcept {
  if (!log_enabled(level)) return;
  try {
    log(level, component, fmt::format(format, std::forward<First>(first), std::forward<More>(more)...));
  } catch (...) {
    log(level, component, "a message could not be formatted");
  }
}

}  // namespace tessera
