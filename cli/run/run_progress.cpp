#include "cli/run/run_progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tessera::cli {
namespace {

/// "9 s", "1:23", "2:03:04".
std::string duration(double seconds) {
  const auto s = static_cast<uint64_t>(std::ceil(std::min(seconds, 1e9)));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace

std::string to_string(const RunProgress& progress) {
  std::string text = fmt::format("{}/{} requests", progress.done, progress.total);
  if (progress.seconds > 0) {
    text += fmt::format(", {:.0f} tokens/s", static_cast<double>(progress.tokens) / progress.seconds);
  }
  const uint64_t done_now = progress.done - progress.earlier;
  if (done_now > 0 && progress.done < progress.total) {
    const double each = progress.seconds / static_cast<double>(done_now);
    text += fmt::format(", {} left", duration(each * static_cast<double>(progress.total - progress.done)));
  }
  return text;
}

}  // namespace tessera::cli
