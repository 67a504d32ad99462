#include "plugins/qaic/compiler/compiler.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::qaic {
namespace {

Error refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::kInternal, "nothing was refused");
}

/// Whether a process is soon gone, or dead and not yet waited for.
bool ends(pid_t pid) {
  for (int i = 0; i < 1000; ++i) {
    std::ifstream state("/proc/" + std::to_string(pid) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(state), {}};
    if (text.empty() || text.find(") Z ") != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// A shell script in the compiler's place.
class Compiler : public testing::Test {
 protected:
  std::string program(const std::string& script) {
    const auto path = folder_.write("exec/qaic-compile", "#!/bin/sh\n" + script);
    chmod(path.c_str(), 0755);
    return path.string();
  }
  std::string output() const { return (folder_ / "programqpc.bin").string(); }
  Error run(const std::string& script, const sdk::Progress& progress = sdk::Progress()) {
    graph::Model model;
    for (const char* name :
         {"layers.1/self_attn/q_proj", "layers.1/self_attn", "layers.11/self_attn/q_proj"}) {
      graph::Node node;
      node.name = name;
      node.op_type = "MatMul";
      node.doc_string = "plugin=llama pass=qaic-kv-cache";
      model.graph.nodes.push_back(node);
    }
    return refusal([&] { run_compiler({program(script), output()}, output(), model, progress); });
  }

  test::TemporaryFolder folder_;
};

TEST_F(Compiler, IsFoundInTheOrderOfItsWishes) {
  const std::string compiler = program("exit 0\n"), sdk = folder_.path().string();
  unsetenv("QAIC_COMPILE");
  EXPECT_EQ(find_compiler({compiler, "", false}), compiler);
  EXPECT_EQ(find_compiler({"", sdk, true}), sdk + "/exec/qaic-compile");
  EXPECT_NE(refusal([&] {
              find_compiler({"/nowhere/qaic-compile", sdk, true});
            })
                .message()
                .find("/nowhere/qaic-compile"),
            std::string::npos);
  EXPECT_EQ(refusal([] { find_compiler({"", "/nowhere", true}); }).code(), ErrorCode::kNotFound);
  setenv("QAIC_COMPILE", compiler.c_str(), 1);
  EXPECT_EQ(find_compiler({"", "/nowhere", true}), compiler);
  unsetenv("QAIC_COMPILE");
}

/// PATH goes before the usual folder of the SDK, not before one that was named; a command line names the
/// same.
TEST_F(Compiler, IsFoundInPathUnlessAnSdkIsNamed) {
  const std::string compiler = program("exit 0\n"), folder = (folder_ / "exec").string();
  const std::string before = std::getenv("PATH");
  unsetenv("QAIC_COMPILE");
  setenv("PATH", ("/nowhere::" + folder).c_str(), 1);
  EXPECT_EQ(find_compiler({"", "/usual", false}), compiler);
  EXPECT_EQ(compiler_of_command({"", "/usual", false}), compiler);
  EXPECT_EQ(compiler_of_command({"", "/named", true}), "/named/exec/qaic-compile");
  EXPECT_EQ(compiler_of_command({"/given", "/named", true}), "/given");
  setenv("PATH", "/nowhere", 1);
  EXPECT_EQ(compiler_of_command({"", "/usual", false}), "/usual/exec/qaic-compile");
  EXPECT_NE(refusal([] {
              find_compiler({"", "/usual", false});
            })
                .message()
                .find("looked at PATH, /usual/exec/qaic-compile"),
            std::string::npos);
  setenv("PATH", before.c_str(), 1);
}

TEST_F(Compiler, SaysItsVersion) {
  EXPECT_EQ(compiler_version(program("[ \"$1\" = -version-extended ] && echo '1.21.0 (a)'; echo more\n")),
            "1.21.0 (a)");
  EXPECT_EQ(compiler_version(program("echo 'unknown argument'; exit 1\n")), "");
}

/// A parent that dies without a word takes its compiler along.
TEST_F(Compiler, EndsWithAKilledParent) {
  const std::string pid_file = (folder_ / "pid").string();
  const std::string script = program("echo $$ > " + pid_file + "; exec sleep 600\n");
  const pid_t parent = fork();
  if (parent == 0) {
    run_compiler({script}, output(), {}, sdk::Progress());
    _exit(0);
  }
  pid_t pid = 0;
  while (pid == 0) std::ifstream(pid_file) >> pid;
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_TRUE(ends(pid));
}

TEST_F(Compiler, EndsWell) {
  EXPECT_EQ(run("echo one; touch \"$1\"\n").message(), "nothing was refused");
}

TEST_F(Compiler, FailsWithItsOwnTextAndTheNodeThatItNames) {
  const Error error = run("echo 'Error at layers.11/self_attn/q_proj: no kernel' >&2; exit 3\n");
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_NE(error.message().find("exit code 3: Error at layers.11/self_attn/q_proj: no kernel"),
            std::string::npos);
  EXPECT_NE(error.node_name().find("layers.11/self_attn/q_proj"), std::string::npos) << error.node_name();
  EXPECT_NE(error.node_name().find("pass=qaic-kv-cache"), std::string::npos) << error.node_name();
}

TEST_F(Compiler, FailsWithoutAWord) {
  const Error error = run("exit 255\n");
  EXPECT_NE(error.message().find("exit code 255 and said nothing"), std::string::npos) << error.message();
  EXPECT_EQ(error.node_name(), "");
}

TEST_F(Compiler, IsKilled) {
  const Error error = run("kill -9 $$\n");
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_NE(error.message().find("signal 9"), std::string::npos) << error.message();
}

TEST_F(Compiler, HasNoSpace) {
  const Error error = run("echo 'write: No space left on device'; exit 1\n");
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_NE(error.remedy_text().find("space"), std::string::npos);
}

TEST_F(Compiler, EndsWellWithoutAProgram) {
  EXPECT_NE(run("echo done\n").message().find("left no program: done"), std::string::npos);
}

TEST_F(Compiler, IsNoProgram) {
  EXPECT_EQ(refusal([&] { run_compiler({"/nowhere/qaic-compile"}, output(), {}, sdk::Progress()); }).code(),
            ErrorCode::kNotFound);
}

// What it started ends with it, even what does not listen.
TEST_F(Compiler, IsStoppedWithAllThatItStarted) {
  tsr_progress stop{};
  stop.struct_size = sizeof stop;
  stop.ctx = this;
  stop.report = [](void* self, uint64_t, uint64_t, tsr_str text) -> int32_t {
    (void)self;
    return std::string_view(text.ptr, text.len) == "started" ? 1 : 0;
  };
  const std::string pid_file = (folder_ / "pid").string();
  const Error error =
      run("trap '' TERM\nsleep 600 & echo $! > " + pid_file + "\necho started\nwait\n", sdk::Progress(&stop));
  EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  std::ifstream file(pid_file);
  pid_t pid = 0;
  file >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(ends(pid));
}

}  // namespace
}  // namespace tessera::qaic
