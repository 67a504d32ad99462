#include "core/host/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>

namespace tessera {
namespace {

constexpr std::array<const char*, 6> kNames = {"trace", "debug", "info", "warn", "error", "off"};

/// The level that TESSERA_LOG asks for; an unknown word is reported once the logger stands.
LogLevel level_from_environment(std::string& unknown) {
  const char* wanted = std::getenv("TESSERA_LOG");
  if (wanted == nullptr || *wanted == '\0') return LogLevel::kWarn;
  for (size_t i = 0; i < kNames.size(); ++i)
    if (std::string_view(wanted) == kNames[i]) return static_cast<LogLevel>(i);
  unknown = wanted;
  return LogLevel::kWarn;
}

/// Never destroyed: a thread that still logs while the process ends finds it alive.
spdlog::logger& logger() {
  static spdlog::logger& made = []() -> spdlog::logger& {
    auto& log = *new spdlog::logger("tessera", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    log.set_pattern("%l: %v");
    log.flush_on(spdlog::level::trace);
    std::string unknown;
    log.set_level(static_cast<spdlog::level::level_enum>(level_from_environment(unknown)));
    if (!unknown.empty())
      log.warn("log: TESSERA_LOG is '{}', expected trace, debug, info, warn, error or off; using warn",
               unknown);
    return log;
  }();
  return made;
}

spdlog::level::level_enum native(LogLevel level) {
  constexpr std::array kNative = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                  spdlog::level::warn,  spdlog::level::err,   spdlog::level::off};
  const auto index = static_cast<size_t>(level);
  return index < kNative.size() ? kNative[index] : spdlog::level::err;
}

}  // namespace

void set_log_level(LogLevel level) noexcept {
  logger().set_level(native(level));
}

LogLevel log_level() noexcept {
  const spdlog::level::level_enum level = logger().level();
  return level >= spdlog::level::critical ? LogLevel::kOff : static_cast<LogLevel>(level);
}

bool log_enabled(LogLevel level) noexcept {
  return level != LogLevel::kOff && logger().should_log(native(level));
}

void log(LogLevel level, std::string_view component, std::string_view text) noexcept {
  if (!log_enabled(level)) return;
  try {
    std::string line(component);
    line.append(": ").append(text);
    for (char& c : line)
      if (c == '\n' || c == '\r') c = ' ';
    logger().log(native(level), "{}", line);
  } catch (...) {
    // No memory for a line of log: there is nobody to tell.
  }
}

}  // namespace tessera
