#include "process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr int kPollMs = 20, kGraceMs = 1000;

struct Pipe {
  int read_end = -1, write_end = -1;

  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw Error(ErrorCode::kIo, fmt::format("no pipe for a program's output: {}", std::strerror(errno)));
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    if (read_end >= 0) close(read_end);
    if (write_end >= 0) close(write_end);
  }
  Pipe(const Pipe&) = delete;
};

/// The child's side of fork, which never returns. Calls nothing but system functions: other threads of the
/// parent may have held any lock. `failed` receives errno when the program cannot be started.
[[noreturn]] void become(char* const* arguments, pid_t parent, int output, int failed) {
  setpgid(0, 0);
  // A parent that is killed cannot end its compiler; the kernel does. It may have died before this line.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
      dup2(output, STDERR_FILENO) >= 0) {
    if (nothing > STDERR_FILENO) close(nothing);
    execv(arguments[0], arguments);
  }
  const int error = errno;
  if (write(failed, &error, sizeof error) < 0) _exit(126);
  _exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments) {
  Pipe output, failure;
  std::vector<char*> pointers;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the argument of exec has no const
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) become(pointers.data(), parent, output.write_end, failure.write_end);
  int error = pid_ < 0 ? errno : 0;
  if (pid_ > 0) {
    setpgid(pid_, pid_);  // whoever of the two comes first
    close(std::exchange(failure.write_end, -1));
    while (::read(failure.read_end, &error, sizeof error) < 0 && errno == EINTR) {
    }
  }
  if (error == 0) {
    output_ = std::exchange(output.read_end, -1);
    return;
  }
  while (pid_ > 0 && waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  throw Error(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("the program cannot be started: {}", std::strerror(error)))
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
