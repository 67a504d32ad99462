#include "cli/interrupt.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <thread>

namespace tessera::cli {
namespace {

std::stop_source g_source;
std::atomic<int> g_signals = 0;
int g_event = -1;

/// Only async-signal-safe calls: a stop_source takes a lock, so a thread stops it on our behalf.
extern "C" void on_signal(int) {
  if (g_signals.fetch_add(1) > 0) _exit(130);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(g_event, &one, sizeof one);
}

}  // namespace

void install_interrupt_handler() {
  g_event = eventfd(0, EFD_CLOEXEC);
  std::thread([] {
    uint64_t count = 0;
    while (read(g_event, &count, sizeof count) != sizeof count) {
    }
    g_source.request_stop();
  }).detach();
  struct sigaction action = {};
  action.sa_handler = on_signal;  // without SA_RESTART: a waiting read ends
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a closed stdout is an error of write(), handled in output.cpp
  signal(SIGXFSZ, SIG_IGN);  // so is a file that grows beyond its limit
}

std::stop_token interrupt_token() {
  return g_source.get_token();
}

}  // namespace tessera::cli
