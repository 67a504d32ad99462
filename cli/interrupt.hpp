/// Ctrl-C and SIGTERM as a stop token that every long operation polls.
#pragma once

#include <stop_token>

namespace tessera::cli {

/// Installs the handlers, once, from main(). The first signal stops the token; a second one ends the process
/// at once with exit code 130. Reads that wait (standard input) return with EINTR.
void install_interrupt_handler();

/// Stopped by the first signal. Any thread.
std::stop_token interrupt_token();

}  // namespace tessera::cli
