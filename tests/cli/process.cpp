#include "tests/cli/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace tessera::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kTimeLimit = std::chrono::seconds(300);  // it ends what hangs; sanitizers are slow

struct Pipe {
  int ends[2];
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(int i) {
    if (ends[i] >= 0) close(ends[i]);
    ends[i] = -1;
  }
};

[[noreturn]] void become_tessera(const std::vector<std::string>& args, const ProcessOptions& options,
                                 const Pipe& in, const Pipe& out, const Pipe& err) {
  dup2(in.ends[0], STDIN_FILENO);
  dup2(options.stdout_path == nullptr ? out.ends[1] : open(options.stdout_path, O_WRONLY), STDOUT_FILENO);
  dup2(err.ends[1], STDERR_FILENO);
  if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) _exit(126);
  if (options.file_size_limit > 0) {
    const rlimit limit{options.file_size_limit, options.file_size_limit};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv{const_cast<char*>("tessera")};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  execv(std::getenv("TESSERA_BINARY"), argv.data());
  _exit(127);
}

/// Reads both pipes to their ends, sends the interrupt when it is due, kills after the time limit.
void drain(pid_t child, Pipe& out, Pipe& err, const ProcessOptions& options, Finished& finished) {
  const Clock::time_point start = Clock::now();
  bool interrupted = options.interrupt_after_ms == 0;
  bool signalled = !options.signal_when;
  pollfd fds[2] = {{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}};
  if (options.close_stdout_early) {
    out.close_end(0);
    fds[0].fd = -1;
  }
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    poll(fds, 2, 20);
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[1 << 14];
      const ssize_t count = read(fds[i].fd, buffer, sizeof buffer);
      if (count > 0) {
        (i == 0 ? finished.out : finished.err).append(buffer, static_cast<size_t>(count));
      } else {
        fds[i].fd = -1;
      }
    }
    const auto elapsed = Clock::now() - start;
    if (!interrupted &&
        (!finished.out.empty() || elapsed > std::chrono::milliseconds(options.interrupt_after_ms))) {
      kill(child, SIGINT);
      interrupted = true;
    }
    if (!signalled && options.signal_when()) {
      kill(child, options.signal);
      signalled = true;
    }
    if (elapsed > kTimeLimit) kill(child, SIGKILL);
  }
}

}  // namespace

Finished run_tessera(const std::vector<std::string>& args, const ProcessOptions& options) {
  Pipe in, out, err;
  const pid_t child = fork();
  if (child == 0) become_tessera(args, options, in, out, err);
  in.close_end(0);
  out.close_end(1);
  err.close_end(1);
  signal(SIGPIPE, SIG_IGN);
  // Inputs here are small enough for a pipe's buffer.
  [[maybe_unused]] const ssize_t written = write(in.ends[1], options.input.data(), options.input.size());
  in.close_end(1);
  Finished finished;
  drain(child, out, err, options, finished);
  int status = 0;
  waitpid(child, &status, 0);
  finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

std::filesystem::path test_data() {
  return std::filesystem::path(std::getenv("TESSERA_TEST_DATA")) / "data";
}

}  // namespace tessera::test
