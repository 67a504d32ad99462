/// Compiled programs that are kept: found again, explained, verified, removed, and what goes wrong meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class CompileCache : public testing::Test {
 protected:
  /// Runs the command on the stand-in's compiler, which obeys `orders`.
  Finished tessera(const Words& words, const std::string& orders = "", ProcessOptions options = {}) const {
    options.environment["TESSERA_ARTEFACT_DIR"] = cache().string();
    options.environment["QAIC_STANDIN_SCRIPT"] =
        orders.empty() ? "" : folder_.write("orders-" + std::to_string(++scripts_), orders).string();
    options.environment["QAIC_COMPILE"] = "";
    return run_tessera(words, options);
  }
  Words with_model(Words words, const Words& more = {}) const {
    words.insert(words.end(), {"--backend", "qaic", "--sdk", std::getenv("TESSERA_QAIC_STANDIN"), "--ctx-len",
                               "64", "--num-cores", "4"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static std::string model() { return (test_data() / "models/llama-stories260k").string(); }
  Words compile(const Words& more = {}) const { return with_model({"compile", model()}, more); }
  Words why(const Words& more = {}) const { return with_model({"cache", "why", "-m", model()}, more); }

  fs::path cache() const { return folder_ / "cache"; }
  /// All below the cache but remembered digests; others may be at work there.
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    std::error_code gone;
    for (fs::recursive_directory_iterator item(cache(), gone), end; !gone && item != end;
         item.increment(gone)) {
      const std::string name = item->path().lexically_relative(cache()).string();
      if (!name.starts_with(".digests")) names.push_back(name);
    }
    return names;
  }
  bool builds() const {
    for (const std::string& name : left())
      if (name.find(".building-") != std::string::npos) return true;
    return false;
  }
  fs::path entry() const {
    for (const std::string& name : left())
      if (name.ends_with("entry.json")) return (cache() / name).parent_path();
    return {};
  }

  TemporaryFolder folder_;
  mutable int scripts_ = 0;
};

/// The second time the compiler would fail, and nobody asks it.
TEST_F(CompileCache, CompilesOnce) {
  const Finished first = tessera(compile({"--json"}));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_FALSE(json::parse(first.out).at("artefact_reused").as_bool());
  const Finished second = tessera(compile({"--json"}), "compile exit 3\n");
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_TRUE(json::parse(second.out).at("artefact_reused").as_bool());
  EXPECT_EQ(json::parse(second.out).at("artefact"), json::parse(first.out).at("artefact"));
  const Finished none = tessera(compile({"--artefact-dir", "none"}), "compile exit 3\n");
  EXPECT_EQ(none.exit_code, 3) << none.err;
}

/// What Efficient Transformers' runner looks for: programqpc.bin in qpc/, specializations.json beside that.
TEST_F(CompileCache, LiesAsEfficientTransformersHasIt) {
  ASSERT_EQ(tessera(compile()).exit_code, 0);
  const std::string name = entry().lexically_relative(cache()).string();
  EXPECT_THAT(name, testing::MatchesRegex("LlamaForCausalLM/LlamaForCausalLM-[0-9a-f]+/qpc-[0-9a-f]+"));
  std::ifstream in(entry() / "specializations.json");
  const json::value sizes = json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
  EXPECT_EQ(sizes.at("specializations").at(0).at("ctx_len").as_string(), "64");
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(entry())) names.push_back(item.path().filename().string());
  EXPECT_THAT(names,
              testing::UnorderedElementsAre("custom_io.yaml", "entry.json", "qpc", "specializations.json"));
  EXPECT_TRUE(fs::exists(entry() / "qpc/programqpc.bin"));
}

TEST_F(CompileCache, SaysWhy) {
  const Finished nothing = tessera(why());
  ASSERT_EQ(nothing.exit_code, 0) << nothing.err;
  EXPECT_EQ(nothing.out, "miss: no compiled program is kept\n");
  ASSERT_EQ(tessera(compile()).exit_code, 0);
  EXPECT_EQ(tessera(why()).out, "hit: " + entry().string() + "\n");
  const auto parts = [&](const Words& more) {
    const json::value told = json::parse(tessera(why(more)).out);
    std::string names;
    for (const json::value& part : told.at("differs").as_array())
      names += (names.empty() ? "" : " ") + std::string(part.at("part").as_string());
    return names;
  };
  EXPECT_EQ(parts({"--json", "--mos", "2"}), "options");
  EXPECT_EQ(parts({"--json", "--prefill-seq-len", "16"}), "specializations");
  EXPECT_EQ(parts({"--json", "--device-group", "0,1"}), "mdp");
  EXPECT_EQ(parts({"--json", "--mxint8-kv-cache"}), "custom-io");
  EXPECT_EQ(parts({"--json", "--full-batch-size", "2"}), "graph passes specializations");
  const Finished text = tessera(why({"--mos", "2"}));
  EXPECT_THAT(text.out, HasSubstr("options differs\n  kept    -aic-hw"));
  const Finished plan = tessera(with_model({"plan", "-m", model(), "--json"}));
  EXPECT_EQ(json::parse(plan.out).at("plan").at("cache").at("state").as_string(), "hit");
  const Finished off = tessera(why({"--artefact-dir", "none"}));
  EXPECT_EQ(off.out, "off: nothing is kept\n");
  const Finished unknown = tessera(why({"--compiler", "/nowhere/qaic-compile"}));
  EXPECT_EQ(unknown.out, "unknown: no QAic compiler: looked at /nowhere/qaic-compile\n");
  const Finished cpu = tessera({"cache", "why", "-m", model()});
  EXPECT_EQ(cpu.exit_code, 3);
  EXPECT_THAT(cpu.err, HasSubstr("backend 'cpu' keeps no compiled programs"));
}

/// One number of the weights, the file's size as before: a file of options, too, counts by what it says.
TEST_F(CompileCache, KnowsWeightsAndFilesByTheirContents) {
  const fs::path copy = folder_ / "model";
  fs::copy(model(), copy, fs::copy_options::recursive);
  const auto node_file = folder_.write("nodes.yaml", "FP32NodeInstanceNames: []\n");
  const Words more = {"--compiler-options", "-node-precision-info=" + node_file.string()};
  const auto ask = [&] {
    const Finished told = tessera(with_model({"cache", "why", "-m", copy.string()}, more));
    return told.out.substr(0, told.out.find(' ')) + told.err;
  };
  ASSERT_EQ(tessera(with_model({"compile", copy.string()}, more)).exit_code, 0);
  EXPECT_EQ(ask(), "hit:");
  {
    std::fstream weights(copy / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
    weights.seekp(-1, std::ios::end);
    weights.put('\x17');
  }
  EXPECT_THAT(tessera(with_model({"cache", "why", "-m", copy.string()}, more)).out,
              HasSubstr("weights differs"));
  fs::remove(copy / "model.safetensors");
  fs::copy(fs::path(model()) / "model.safetensors", copy / "model.safetensors");
  EXPECT_EQ(ask(), "hit:");
  folder_.write("nodes.yaml", "FP32NodeInstanceNames: [a]\n");
  EXPECT_THAT(tessera(with_model({"cache", "why", "-m", copy.string()}, more)).out,
              HasSubstr("options differs"));
}

TEST_F(CompileCache, FindsDamageAndMendsIt) {
  ASSERT_EQ(tessera(compile()).exit_code, 0);
  EXPECT_THAT(tessera({"cache", "verify"}).out, HasSubstr("1 compiled programs, all sound"));
  std::fstream(entry() / "qpc/programqpc.bin", std::ios::in | std::ios::out | std::ios::binary) << "?";
  const Finished verify = tessera({"cache", "verify"});
  EXPECT_EQ(verify.exit_code, 3);
  EXPECT_THAT(verify.out, HasSubstr("programqpc.bin has other contents than were written"));
  const Finished again = tessera(compile({"--json"}));
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_FALSE(json::parse(again.out).at("artefact_reused").as_bool());
  EXPECT_THAT(again.err, HasSubstr("is damaged"));
  EXPECT_EQ(tessera({"cache", "verify"}).exit_code, 0);
}

TEST_F(CompileCache, ListsAndPrunes) {
  ASSERT_EQ(tessera(compile()).exit_code, 0);
  const json::value listed = json::parse(tessera({"cache", "ls", "--json"}).out);
  ASSERT_EQ(listed.at("artefacts").as_array().size(), 1U);
  EXPECT_EQ(listed.at("artefacts").at(0).at("folder").as_string(), entry().string());
  EXPECT_EQ(listed.at("artefacts").at(0).at("backend").as_string(), "qaic");
  EXPECT_THAT(tessera({"cache"}).out, HasSubstr("1 compiled programs"));
  EXPECT_EQ(json::parse(tessera({"cache", "prune", "--unused-days", "1", "--json"}).out).at("removed"),
            json::array());
  EXPECT_THAT(tessera({"cache", "prune", "--all"}).out,
              HasSubstr("removed " + entry().string().substr(0, 1)));
  EXPECT_TRUE(left().empty());
  EXPECT_EQ(tessera({"cache", "tidy"}).exit_code, 2);
  EXPECT_EQ(tessera({"cache", "ls", "--artefact-dir", "none"}).exit_code, 2);
}

TEST_F(CompileCache, TwoProcessesCompileOneModelOnce) {
  Finished runs[2];
  std::thread one([&] { runs[0] = tessera(compile({"--json"}), "compile sleep-ms 700\n"); });
  while (!builds()) std::this_thread::yield();
  runs[1] = tessera(compile({"--json"}), "compile exit 3\n");  // it would fail, and waits for the first
  one.join();
  ASSERT_EQ(runs[0].exit_code, 0) << runs[0].err;
  ASSERT_EQ(runs[1].exit_code, 0) << runs[1].err;
  EXPECT_FALSE(json::parse(runs[0].out).at("artefact_reused").as_bool());
  EXPECT_TRUE(json::parse(runs[1].out).at("artefact_reused").as_bool());
}

/// The compiler of a killed process ends with it; the next compilation removes what both left.
TEST_F(CompileCache, SurvivesAKillInTheMiddle) {
  const std::string own = cache().string();
  const auto compiler_runs = [&] {
    for (const auto& process :
         fs::directory_iterator("/proc", fs::directory_options::skip_permission_denied)) {
      std::ifstream in(process.path() / "cmdline", std::ios::binary);
      const std::string line{std::istreambuf_iterator<char>(in), {}};
      if (line.find("-aic-hw") != std::string::npos && line.find(own) != std::string::npos) return true;
    }
    return false;
  };
  const Finished killed =
      tessera(compile(), "compile sleep-ms 100000\n", {.signal_when = compiler_runs, .signal = SIGKILL});
  EXPECT_EQ(killed.exit_code, 128 + SIGKILL);
  EXPECT_TRUE(builds());
  while (compiler_runs()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(entry(), "");
  const Finished again = tessera(compile());
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_FALSE(builds());
  EXPECT_EQ(tessera(compile(), "compile exit 3\n").exit_code, 0);
}

TEST_F(CompileCache, CtrlCLeavesNothing) {
  const Finished stopped = tessera(compile(), "compile sleep-ms 100000\n",
                                   {.signal_when = [&] { return builds(); }, .signal = SIGINT});
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(left(), testing::IsEmpty());
}

TEST_F(CompileCache, FailuresAreToldAndLeaveNothing) {
  struct Case {
    const char* orders;
    int exit_code;
    const char* message;
  };
  for (const Case& c : {Case{"compile exit 7\n", 3, "failed with exit code 7: stand-in"},
                        Case{"compile silent\n", 3, "failed with exit code 1"},
                        Case{"compile crash\n", 1, "was killed by signal 9"},
                        Case{"compile no-output\n", 3, "ended well but left no program"}}) {
    const Finished failed = tessera(compile(), c.orders);
    EXPECT_EQ(failed.exit_code, c.exit_code) << c.orders << failed.err;
    EXPECT_THAT(failed.err, HasSubstr(c.message));
    EXPECT_THAT(left(), testing::IsEmpty()) << c.orders;
  }
}

/// A shell script in the compiler's place: nothing said at all, a full disk, a program that is no program.
TEST_F(CompileCache, FailuresOfStrangeCompilers) {
  const auto compile_with = [&](const std::string& script) {
    const fs::path program = folder_.write("qaic-compile", "#!/bin/sh\n" + script);
    chmod(program.c_str(), 0755);
    return tessera(compile({"--compiler", program.string()}));
  };
  const Finished silent = compile_with("exit 255\n");
  EXPECT_EQ(silent.exit_code, 3);
  EXPECT_THAT(silent.err, HasSubstr("exit code 255 and said nothing"));
  const Finished full = compile_with("echo 'write failed: No space left on device'; exit 1\n");
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, HasSubstr("free some space"));
  const Finished junk = compile_with(
      "for word in \"$@\"; do case $word in -aic-binary-dir=*) mkdir ${word#*=}; "
      "echo junk > ${word#*=}/programqpc.bin;; esac; done\n");
  EXPECT_EQ(junk.exit_code, 3) << junk.err;
  EXPECT_THAT(left(), testing::IsEmpty());
}

/// The compiler's file grows beyond a limit: what it wrote goes, and nothing is taken for a program.
TEST_F(CompileCache, AProgramThatOutgrowsTheLimitOfFiles) {
  const Finished failed = tessera(compile(), "", {.file_size_limit = 400'000});
  EXPECT_EQ(failed.exit_code, 1) << failed.err;
  EXPECT_THAT(failed.err, HasSubstr("was killed by signal 25"));
  EXPECT_THAT(failed.err, HasSubstr("ulimit -f"));
  EXPECT_THAT(left(), testing::IsEmpty());
}

TEST_F(CompileCache, AFolderThatCannotBeWritten) {
  folder_.write("cache", "a file");
  const Finished refused = tessera(compile());
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("the cache of compiled programs cannot be written"));
  EXPECT_THAT(refused.err, HasSubstr("'none' compiles without keeping"));
  EXPECT_EQ(tessera(compile({"--artefact-dir", "none"})).exit_code, 0);
}

}  // namespace
}  // namespace tessera::test
