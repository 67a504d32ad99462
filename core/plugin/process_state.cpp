#include "core/plugin/process_state.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <cfenv>
#include <clocale>
#include <cstring>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tessera::plugin {
namespace {

constexpr int kSignals = 65;  // 1 .. 64 on Linux

/// What controls rounding, denormals and traps; the sticky exception flags are nobody's mode.
uint32_t floating_point_mode() {
#if defined(__x86_64__)
  return _mm_getcsr() & ~uint32_t{0x3F};
#else
  return static_cast<uint32_t>(std::fegetround());
#endif
}

bool same_handler(const struct sigaction& a, const struct sigaction& b) {
  return a.sa_sigaction == b.sa_sigaction && a.sa_flags == b.sa_flags;
}

std::string locale_name() {
  return std::setlocale(LC_ALL, nullptr);
}

}  // namespace

struct ProcessState::Snapshot {
  std::array<struct sigaction, kSignals> handlers{};
  std::array<bool, kSignals> readable{};  // the C library keeps some to itself
  std::fenv_t floating_point{};
  uint32_t mode = floating_point_mode();
  std::string locale = locale_name();
  locale_t thread_locale = ::uselocale(nullptr);
};

ProcessState::ProcessState() : snapshot_(new Snapshot) {
  std::fegetenv(&snapshot_->floating_point);
  for (int i = 1; i < kSignals; ++i)
    snapshot_->readable[i] = ::sigaction(i, nullptr, &snapshot_->handlers[i]) == 0;
}

ProcessState::~ProcessState() {
  delete snapshot_;
}

std::vector<std::string> ProcessState::restore() {
  std::vector<std::string> changed;
  for (int i = 1; i < kSignals; ++i) {
    struct sigaction now {};
    if (!snapshot_->readable[i] || ::sigaction(i, nullptr, &now) != 0) continue;
    if (same_handler(now, snapshot_->handlers[i])) continue;
    ::sigaction(i, &snapshot_->handlers[i], nullptr);
    changed.push_back(fmt::format("the handler of signal {} ({})", i, ::strsignal(i)));
  }
  if (const uint32_t mode = floating_point_mode(); mode != snapshot_->mode) {
    std::fesetenv(&snapshot_->floating_point);
    changed.push_back(fmt::format("the floating-point mode ({:x} -> {:x})", snapshot_->mode, mode));
  }
  if (::uselocale(nullptr) != snapshot_->thread_locale) {
    ::uselocale(snapshot_->thread_locale);
    changed.push_back("the locale of the thread");
  }
  // The one place that sets the locale: it puts back what a plugin has changed.
  if (const std::string locale = locale_name(); locale != snapshot_->locale) {
    std::setlocale(LC_ALL, snapshot_->locale.c_str());
    changed.push_back(fmt::format("the locale ({} -> {})", snapshot_->locale, locale));
  }
  return changed;
}

}  // namespace tessera::plugin
