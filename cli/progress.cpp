#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "cli/interrupt.hpp"
#include "cli/output.hpp"

namespace tessera::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kDelay = std::chrono::milliseconds(300);
constexpr auto kInterval = std::chrono::milliseconds(100);

std::mutex g_mutex;
std::string g_what;
Clock::time_point g_began, g_shown;
bool g_visible = false;

}  // namespace

void ProgressLine::show(std::string_view what, uint64_t done, uint64_t total, std::string_view detail) {
  static const bool terminal = isatty(STDERR_FILENO) == 1;
  if (!terminal || quiet()) return;
  const std::lock_guard lock(g_mutex);
  const Clock::time_point now = Clock::now();
  if (what != g_what) {
    g_what = what;
    g_began = now;
  }
  if (now - g_began < kDelay || now - g_shown < kInterval) return;
  g_shown = now;
  g_visible = true;
  const std::string share =
      total > 0 ? fmt::format(" {:3.0f} %", 100.0 * static_cast<double>(done) / static_cast<double>(total))
                : "";
  fmt::print(stderr, "\r\033[K{}{}{}{}", what, share, detail.empty() ? "" : "  ", detail);
  std::fflush(stderr);
}

void ProgressLine::clear() {
  const std::lock_guard lock(g_mutex);
  if (!g_visible) return;
  g_visible = false;
  std::fputs("\r\033[K", stderr);
}

ProgressFn terminal_progress() {
  return [](std::string_view what, uint64_t done, uint64_t total) {
    ProgressLine::show(what, done, total);
    return !interrupt_token().stop_requested();
  };
}

}  // namespace tessera::cli
