/// Runs of many requests: JSON Lines in and out, resumed, interrupted, on a full disk.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

std::string model(const char* name = "llama-stories260k") {
  return (test_data() / "models" / name).string();
}

fs::path case_folder(const char* name) {
  return test_data() / "cases" / name;
}

std::string read(const fs::path& file) {
  std::ostringstream bytes;
  bytes << std::ifstream(file, std::ios::binary).rdbuf();
  return bytes.str();
}

std::vector<json::value> lines_of(const std::string& text) {
  std::vector<json::value> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

size_t whole_lines(const fs::path& file) {
  const std::string bytes = read(file);
  return static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

json::value generated(const Arguments& more, const std::string& folder = model()) {
  Arguments args{"generate", folder, "--json"};
  args.insert(args.end(), more.begin(), more.end());
  const Finished run = run_tessera(args);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return json::parse(run.out);
}

/// A folder with requests in and results out.
class ManyRequests : public testing::Test {
 protected:
  fs::path in() const { return folder_ / "in.jsonl"; }
  fs::path out() const { return folder_ / "out.jsonl"; }
  fs::path partial() const { return folder_ / "out.jsonl.partial"; }
  fs::path lock() const { return folder_ / "out.jsonl.lock"; }

  void write_in(const std::string& text) const { folder_.write("in.jsonl", text); }
  void write_stories(size_t count, int tokens) const {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
      text += "{\"id\": \"r" + std::to_string(i) + "\", \"prompt\": \"Once upon a time number " +
              std::to_string(i) + "\", \"max_tokens\": " + std::to_string(tokens) +
              ", \"ignore_eos\": true, \"temperature\": 0.9, \"seed\": " + std::to_string(i) + "}\n";
    }
    write_in(text);
  }

  Finished run(const Arguments& more = {}, const ProcessOptions& options = {},
               const std::string& folder = model()) const {
    Arguments args{"run", "-m", folder, "--requests", in().string(), "-o", out().string()};
    args.insert(args.end(), more.begin(), more.end());
    return run_tessera(args, options);
  }

  /// The output has each of `count` requests once, in order, as a run without any trouble writes them.
  void expect_whole(size_t count) const {
    EXPECT_FALSE(fs::exists(partial()));
    EXPECT_FALSE(fs::exists(lock()));
    const fs::path whole = folder_ / "whole.jsonl";
    ASSERT_EQ(
        run_tessera({"run", "-m", model(), "--requests", in().string(), "-o", whole.string()}).exit_code, 0);
    const std::vector<json::value> lines = lines_of(read(out())), expected = lines_of(read(whole));
    ASSERT_EQ(lines.size(), count);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(lines[i].at("index"), static_cast<int64_t>(i));
      for (const char* name : {"id", "tokens", "text", "finish_reason", "error", "seed"}) {
        EXPECT_EQ(lines[i].at(name), expected[i].at(name)) << i << name;
      }
    }
  }

  /// Sends `signal` once some requests are done, and gives what came of it.
  Finished run_until_some_are_done(int signal) const {
    return run({}, {.signal_when = [this] { return whole_lines(partial()) >= 3; }, .signal = signal});
  }

  TemporaryFolder folder_;
};

TEST_F(ManyRequests, GivesEachLineWhatGenerateGives) {
  write_in(
      "{\"id\": \"a\", \"prompt\": \"Once upon a time\", \"max_tokens\": 12}\n\n"
      "{\"id\": 7, \"input_ids\": [1, 403, 407], \"max_tokens\": 3}\r\n"
      "{\"prompt\": \"The dog\", \"max_tokens\": 9, \"temperature\": 0.8, \"top_k\": 20, \"seed\": 5}");
  const Finished run = this->run({"--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(json::parse(run.out).at("requests"), 3);
  EXPECT_EQ(json::parse(run.out).at("failed"), 0);
  EXPECT_FALSE(fs::exists(partial()));
  EXPECT_FALSE(fs::exists(lock()));
  const std::vector<json::value> lines = lines_of(read(out()));
  ASSERT_EQ(lines.size(), 3U);
  const json::value expected[] = {
      generated({"-p", "Once upon a time", "-n", "12"}), generated({"--input-ids", "1,403,407", "-n", "3"}),
      generated({"-p", "The dog", "-n", "9", "--temperature", "0.8", "--top-k", "20", "--seed", "5"})};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(lines[i].at("index"), static_cast<int64_t>(i));
    EXPECT_EQ(lines[i].at("tokens"), expected[i].at("tokens"));
    EXPECT_EQ(lines[i].at("text"), expected[i].at("text"));
    EXPECT_EQ(lines[i].at("finish_reason"), expected[i].at("finish_reason"));
    EXPECT_TRUE(lines[i].at("error").is_null());
    EXPECT_EQ(lines[i].at("metrics").at("prompt_tokens"),
              static_cast<int64_t>(expected[i].at("prompt_tokens").as_array().size()));
  }
  EXPECT_EQ(lines[0].at("id"), "a");
  EXPECT_EQ(lines[1].at("id"), 7);
  EXPECT_TRUE(lines[2].at("id").is_null());
  EXPECT_EQ(lines[2].at("seed"), 5);
}

TEST_F(ManyRequests, AListInTheFileAndMessages) {
  const fs::path file =
      folder_.write("run.yaml", "model: " + model("llama3-tiny") +
                                    "\ngenerate: {max_new_tokens: 6, ignore_eos: true, temperature: "
                                    "0}\noutput: {file: out.jsonl}\nrequests:\n"
                                    "  - {id: chat, messages: [{role: user, content: Hello}]}\n"
                                    "  - {id: text, prompt: Hello, max_tokens: 2}\n");
  const Finished run = run_tessera({"run", file.string()}, {.folder = "/"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::vector<json::value> lines = lines_of(read(out()));
  ASSERT_EQ(lines.size(), 2U);
  const fs::path messages = folder_.write("messages.json", R"([{"role": "user", "content": "Hello"}])");
  const Finished rendered = run_tessera(
      {"chat-template", model("llama3-tiny"), "--messages", messages.string(), "--add-generation-prompt"});
  const json::value chat =
      generated({"-p", rendered.out, "--no-special-tokens", "-n", "6", "--ignore-eos", "--temperature", "0"},
                model("llama3-tiny"));
  EXPECT_EQ(lines[0].at("tokens"), chat.at("tokens"));
  EXPECT_EQ(lines[0].at("metrics").at("prompt_tokens"),
            static_cast<int64_t>(chat.at("prompt_tokens").as_array().size()));
  EXPECT_EQ(lines[1].at("tokens").as_array().size(), 2U);
  EXPECT_EQ(lines[1].at("id"), "text");
}

// Case 056: prompts of unequal length give together what each gives alone.
TEST_F(ManyRequests, UnequalPromptsOfACase) {
  const fs::path folder = case_folder("056-batch-of-unequal-prompts");
  const json::value description = json::parse(read(folder / "case.json"));
  for (const json::value& group : description.at("expected").as_array()) {
    const std::string name(group.at("folder").as_string());
    fs::copy_file(folder / name / "requests.jsonl", in(), fs::copy_options::overwrite_existing);
    const Finished run = this->run({}, {}, (folder / name).string());
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const std::vector<json::value> lines = lines_of(read(out()));
    const json::array& requests = group.at("requests").as_array();
    ASSERT_EQ(lines.size(), requests.size());
    for (size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i].at("id"), static_cast<int64_t>(i));
      EXPECT_EQ(lines[i].at("tokens"), requests[i].at("tokens")) << name << ' ' << i;
    }
  }
}

// Case 054: of equal logits the lowest id, alone and in a batch, on one thread and on two.
TEST_F(ManyRequests, GreedyTiesOfACase) {
  const fs::path folder = case_folder("054-greedy-ties");
  const json::array ties = json::parse(read(folder / "case.json")).at("expected").as_array();
  std::string requests;
  for (int i = 0; i < 8; ++i) {
    for (const json::value& tie : ties) {
      requests += json::serialize(json::object{{"input_ids", tie.at("input_ids")},
                                               {"max_tokens", 1},
                                               {"ignore_eos", true},
                                               {"temperature", 0},
                                               {"top_k", i % 2}}) +
                  "\n";
    }
  }
  write_in(requests);
  for (const char* threads : {"1", "2"}) {
    const Finished run = this->run({"-t", threads}, {}, folder.string());
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const std::vector<json::value> lines = lines_of(read(out()));
    ASSERT_EQ(lines.size(), 8 * ties.size());
    for (size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i].at("tokens").as_array(), json::array{ties[i % ties.size()].at("token")}) << i;
    }
  }
}

TEST_F(ManyRequests, WhatIsWrongWithALineIsItsOwnLine) {
  write_in(
      "{\"id\": 1, \"prompt\": \"Once\", \"max_tokens\": 4}\n"
      "{\"id\": 2, \"prompt\": \"Once\"\n"
      "[1, 2]\n"
      "{\"id\": 4, \"prompt\": \"Once\", \"temprature\": 1}\n"
      "{\"id\": 5, \"prompt\": \"Once\", \"temperature\": \"hot\"}\n"
      "{\"id\": 6, \"prompt\": \"Once\", \"temperature\": -1}\n"
      "{\"id\": 7, \"prompt\": \"Once\", \"input_ids\": [1]}\n"
      "{\"id\": 8, \"max_tokens\": 4}\n"
      "{\"id\": 9, \"input_ids\": [1, 99999]}\n"
      "{\"id\": 10, \"prompt\": \"\xff\"}\n"
      "{\"id\": 11, \"prompt\": \"Once\", \"n\": 2, \"temperature\": 1}\n"
      "{\"id\": 12, \"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}\n"
      "{\"id\": 13, \"prompt\": \"Once\", \"stop\": \"\"}\n"
      "{\"id\": 14, \"prompt\": \"Once\", \"max_tokens\": 0}\n"
      "{\"id\": 15, \"prompt\": \"Once\", \"max_tokens\": 4}\n");
  const Finished run = this->run({"--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(json::parse(run.out).at("failed"), 12);
  const std::vector<json::value> lines = lines_of(read(out()));
  ASSERT_EQ(lines.size(), 15U);
  EXPECT_EQ(lines[0].at("tokens"), lines[14].at("tokens"));
  EXPECT_EQ(lines[0].at("tokens").as_array().size(), 4U);
  EXPECT_EQ(lines[13].at("finish_reason"), "length");
  EXPECT_EQ(lines[13].at("tokens").as_array().size(), 0U);
  for (size_t i = 1; i < 13; ++i) {
    EXPECT_EQ(lines[i].at("finish_reason"), "error") << i;
    EXPECT_EQ(lines[i].at("tokens").as_array().size(), 0U);
    EXPECT_THAT(std::string(lines[i].at("error").as_string()),
                HasSubstr("in.jsonl, line " + std::to_string(i + 1)));
  }
  EXPECT_EQ(lines[3].at("id"), 4);
  EXPECT_THAT(std::string(lines[3].at("error").as_string()), HasSubstr("did you mean 'temperature'?"));
  EXPECT_THAT(std::string(lines[4].at("error").as_string()), HasSubstr("is a string, expected a number"));
}

TEST_F(ManyRequests, TheRunsValuesHoldWhereALineSaysNothing) {
  write_in("{\"prompt\": \"Once\"}\n{\"prompt\": \"Once\", \"max_tokens\": 2, \"temperature\": null}\n");
  const Finished run = this->run({"-n", "5", "--temperature", "1", "--seed", "3"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::vector<json::value> lines = lines_of(read(out()));
  EXPECT_EQ(lines[0].at("tokens").as_array().size(), 5U);
  EXPECT_EQ(lines[1].at("tokens").as_array().size(), 2U);
  EXPECT_EQ(lines[1].at("seed"), 3);
}

TEST_F(ManyRequests, ATimeoutEndsARequestWithWhatItHas) {
  write_in(
      "{\"prompt\": \"Once\", \"max_tokens\": 400, \"ignore_eos\": true, \"timeout\": 0.001}\n"
      "{\"prompt\": \"Once\", \"max_tokens\": 4}\n");
  ASSERT_EQ(run().exit_code, 0);
  const std::vector<json::value> lines = lines_of(read(out()));
  EXPECT_EQ(lines[0].at("finish_reason"), "timeout");
  EXPECT_LT(lines[0].at("tokens").as_array().size(), 400U);
  EXPECT_EQ(lines[1].at("finish_reason"), "length");
}

TEST_F(ManyRequests, WithoutAFileLinesGoToStdoutInOrder) {
  write_stories(5, 4);
  const Finished lines = run_tessera({"run", "-m", model(), "--requests", in().string()});
  ASSERT_EQ(lines.exit_code, 0) << lines.err;
  const Finished array =
      run_tessera({"run", "-m", model(), "--requests", "-", "--json"}, {.input = read(in())});
  ASSERT_EQ(array.exit_code, 0) << array.err;
  ASSERT_EQ(lines_of(lines.out).size(), 5U);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(lines_of(lines.out)[i].at("index"), static_cast<int64_t>(i));
    EXPECT_EQ(lines_of(lines.out)[i].at("tokens"), json::parse(array.out).at(i).at("tokens"));
  }
}

TEST_F(ManyRequests, NoRequestsAreAnEmptyOutput) {
  write_in("\n");
  ASSERT_EQ(run().exit_code, 0);
  EXPECT_TRUE(fs::exists(out()));
  EXPECT_EQ(read(out()), "");
}

TEST_F(ManyRequests, ResumesWhatWasKilled) {
  write_stories(150, 100);
  const Finished killed = run_until_some_are_done(SIGKILL);
  ASSERT_EQ(killed.exit_code, 128 + SIGKILL) << killed.err;
  EXPECT_FALSE(fs::exists(out()));
  const size_t kept = whole_lines(partial());
  ASSERT_GE(kept, 3U);
  // As if the last write had been torn.
  std::ofstream(partial(), std::ios::app | std::ios::binary) << R"({"index": 149, "id": "r149", "tok)";
  const Finished resumed = run({"--resume", "--json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(json::parse(resumed.out).at("earlier"), static_cast<int64_t>(kept));
  expect_whole(150);
}

TEST_F(ManyRequests, AnInterruptKeepsWhatIsFinished) {
  write_stories(150, 100);
  const Finished stopped = run_until_some_are_done(SIGINT);
  EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("--resume"));
  EXPECT_FALSE(fs::exists(out()));
  for (const json::value& line : lines_of(read(partial()))) {
    EXPECT_EQ(line.at("finish_reason"), "length");
  }
  const Finished refused = run();
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("--resume"));
  const Finished other = run({"--resume", "-n", "7"});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.err, HasSubstr("other settings"));
  ASSERT_EQ(run({"--resume", "-t", "1"}).exit_code, 0);
  expect_whole(150);
}

TEST_F(ManyRequests, AFullDiskStopsItAndItCanGoOn) {
  write_stories(40, 20);
  const Finished full = run({}, {.file_size_limit = 4000});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, AllOf(HasSubstr("out.jsonl.partial"), HasSubstr("--resume")));
  EXPECT_FALSE(fs::exists(out()));
  const std::string kept = read(partial());
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(kept.back(), '\n');
  ASSERT_EQ(run({"--resume"}).exit_code, 0);
  expect_whole(40);
}

TEST_F(ManyRequests, ADeviceThatIsFullIsAnErrorAndStaysADevice) {
  write_stories(2, 2);
  const Finished full = run_tessera({"run", "-m", model(), "--requests", in().string(), "-o", "/dev/full"});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, AllOf(HasSubstr("/dev/full"), HasSubstr("No space left")));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  EXPECT_FALSE(fs::exists("/dev/full.partial"));
}

TEST_F(ManyRequests, AnOutputThatAnotherRunWritesIsRefused) {
  write_stories(2, 2);
  const int other = open(folder_.write("out.jsonl.lock", "").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
  const Finished refused = run();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("another run is writing this output"));
  EXPECT_FALSE(fs::exists(out()));
  close(other);
  EXPECT_EQ(run().exit_code, 0);
  expect_whole(2);
}

TEST_F(ManyRequests, AForeignPartialFileIsRefused) {
  write_stories(2, 2);
  folder_.write("out.jsonl.partial", "{\"index\": 2}\n");
  const Finished beyond = run({"--resume"});
  EXPECT_EQ(beyond.exit_code, 3);
  EXPECT_THAT(beyond.err, HasSubstr("out.jsonl.partial, line 1"));
  folder_.write("out.jsonl.partial", "hello\n");
  EXPECT_EQ(run({"--resume"}).exit_code, 3);
  EXPECT_EQ(read(partial()), "hello\n");
}

TEST_F(ManyRequests, TheRequestsAreNotOverwritten) {
  write_stories(2, 2);
  const std::string before = read(in());
  const Finished refused =
      run_tessera({"run", "-m", model(), "--requests", in().string(), "-o", in().string()});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_EQ(read(in()), before);
}

TEST_F(ManyRequests, WhatCannotBe) {
  write_stories(2, 2);
  EXPECT_EQ(run_tessera({"run", "-m", model(), "--requests", (folder_ / "none").string()}).exit_code, 4);
  EXPECT_EQ(run_tessera({"run", "-m", model(), "--requests", in().string(), "--resume"}).exit_code, 3);
  EXPECT_EQ(run({"-p", "x"}).exit_code, 2);
  EXPECT_EQ(run({"--n", "2", "--temperature", "1"}).exit_code, 3);
  EXPECT_EQ(run({"--request-timeout", "-1"}).exit_code, 3);
  EXPECT_EQ(run_tessera({"run", "-m", model()}).exit_code, 2);
  const Finished nowhere =
      run_tessera({"run", "-m", model(), "--requests", in().string(), "-o", (folder_ / "no/out").string()});
  EXPECT_EQ(nowhere.exit_code, 4);
  EXPECT_FALSE(fs::exists(partial()));
}

}  // namespace
}  // namespace tessera::test
