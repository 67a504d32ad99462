#include "process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tessera/sdk/error.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it in no header

namespace tessera::qaic {
namespace {

constexpr int kPollMs = 20, kGraceMs = 1000;

/// Attributes and file actions of posix_spawn, freed.
struct SpawnOptions {
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t files{};

  explicit SpawnOptions(int output) {
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  }
  ~SpawnOptions() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
  }
  SpawnOptions(const SpawnOptions&) = delete;
};

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw Error(ErrorCode::kIo, fmt::format("no pipe for a program's output: {}", std::strerror(errno)));
  std::vector<char*> pointers;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the argument of exec has no const
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const SpawnOptions options(ends[1]);
  const int failed =
      posix_spawn(&pid_, pointers[0], &options.files, &options.attributes, pointers.data(), environ);
  close(ends[1]);
  output_ = ends[0];
  if (failed == 0) return;
  close(output_);
  throw Error(failed == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("the program cannot be started: {}", std::strerror(failed)))
      .file(arguments[0]);
}

ChildProcess::~ChildProcess() {
  end();
  close(output_);
}

bool ChildProcess::read(std::string& text, int timeout_ms) {
  pollfd poll_output{output_, POLLIN, 0};
  const int ready = poll(&poll_output, 1, timeout_ms);
  if (ready == 0 || (ready < 0 && errno == EINTR)) return true;
  char buffer[4096];
  const ssize_t count = ::read(output_, buffer, sizeof buffer);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  text.append(buffer, static_cast<size_t>(count));
  return count > 0;
}

int ChildProcess::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  kill(-pid_, SIGKILL);  // what it left behind
  pid_ = -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void ChildProcess::end() {
  if (pid_ < 0) return;
  kill(-pid_, SIGTERM);
  for (int waited = 0; waited < kGraceMs; waited += kPollMs) {
    siginfo_t info{};
    // WNOWAIT: the group keeps its number until it is killed as a whole.
    const bool gone =
        waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
    if (gone) break;
    usleep(kPollMs * 1000);
  }
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace tessera::qaic
