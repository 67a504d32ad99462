#include "core/graph/pass_manager.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/core/graph/test_graph.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::graph {
namespace {

using namespace testing_graph;  // NOLINT: the vocabulary of these tests

std::string start() {
  return write_model(model({type("x", DataType::kFloat, {"8"})}, {node("first", "Neg", {"x"}, {"y"})},
                           {type("y", DataType::kFloat, {"8"})}));
}

/// Passes of this test: "append" adds a node, "nothing" leaves the graph, "break" makes a cycle of names,
/// "fail" throws.
std::string run(const PassRequest& request, std::string_view bytes) {
  Model m = read_model(bytes);
  if (request.id == "nothing") return {};
  if (request.id == "fail") throw Error(ErrorCode::kInvalidArgument, "no attention").remedy("use a decoder");
  Node added = node("added" + std::to_string(m.graph.nodes.size()), "Neg", {"x"}, {"z"});
  append_pass(added, request.id);
  added.outputs = {"z" + std::to_string(m.graph.nodes.size())};
  if (request.id == "break") added.inputs = {"ghost"};
  if (request.id == "anonymous") added.doc_string.clear();
  m.graph.nodes.push_back(added);
  return write_model(m);
}

TEST(PassManager, RunsPassesInOrderAndReports) {
  const PassResult result =
      run_passes(start(), {{"append", {}}, {"nothing", {}}, {"append", {}}}, run, {.architecture = "test"});
  ASSERT_EQ(result.reports.size(), 4u);
  EXPECT_EQ(result.reports[0].id, "test");
  EXPECT_TRUE(result.reports[1].changed);
  EXPECT_FALSE(result.reports[2].changed);
  EXPECT_EQ(result.reports[2].nodes, 2u);
  EXPECT_EQ(result.reports[3].nodes, 3u);
  EXPECT_EQ(result.reports[3].model_bytes, result.model.size());
}

TEST(PassManager, NamesThePassThatBrokeTheGraph) {
  const Error error = error_of([] { run_passes(start(), {{"append", {}}, {"break", {}}}, run); });
  EXPECT_NE(error.message().find("onnx checker: "), std::string::npos) << error.message();
  EXPECT_EQ(error.node_name(), "added2");
  ASSERT_EQ(error.context().size(), 2u);
  EXPECT_EQ(error.context()[0], "node 'added2' was made by plugin test, changed by break");
  EXPECT_EQ(error.context()[1], "checking the graph after pass 'break' (2 of 2)");
}

TEST(PassManager, NamesThePassThatMadeANodeWithoutProvenance) {
  const Error error = error_of([] { run_passes(start(), {{"anonymous", {}}}, run); });
  EXPECT_EQ(error.context().back(), "checking the graph after pass 'anonymous' (1 of 1)");
}

TEST(PassManager, NamesThePassThatFailed) {
  const Error error = error_of([] { run_passes(start(), {{"append", {}}, {"fail", {}}}, run); });
  EXPECT_EQ(error.message(), "no attention");
  EXPECT_EQ(error.context().back(), "running pass 'fail' (2 of 2)");
}

TEST(PassManager, ChecksTheFirstGraphToo) {
  Model bad = read_model(start());
  bad.graph.nodes[0].inputs = {"ghost"};
  const Error error = error_of([&] { run_passes(write_model(bad), {}, run, {.architecture = "llama"}); });
  EXPECT_EQ(error.context().back(), "checking the graph of architecture 'llama'");
}

TEST(PassManager, StopsWhenAskedTo) {
  std::vector<std::string> told;
  PassManagerOptions options;
  options.progress = [&](size_t done, size_t total, std::string_view pass) {
    told.push_back(std::to_string(done) + "/" + std::to_string(total) + " " + std::string(pass));
    return done < 1;
  };
  const Error error = error_of([&] { run_passes(start(), {{"append", {}}, {"nothing", {}}}, run, options); });
  EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  EXPECT_EQ(told, (Names{"0/2 append", "1/2 nothing"}));
}

TEST(PassManager, SavesTheGraphAfterEachPassEvenTheBrokenOne) {
  const test::TemporaryFolder folder;
  PassManagerOptions options;
  options.architecture = "llama";
  options.dump_dir = folder.path() / "deep" / "dump";
  error_of([&] { run_passes(start(), {{"append", {}}, {"break", {}}}, run, options); });
  Names files;
  for (const auto& entry : std::filesystem::directory_iterator(options.dump_dir)) {
    files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  EXPECT_EQ(files, (Names{"00-llama.onnx", "01-append.onnx", "02-break.onnx"}));
}

TEST(PassManager, SaysWhereItCannotSave) {
  PassManagerOptions options;
  options.dump_dir = "/proc/no-such-folder";
  const Error error = error_of([&] { run_passes(start(), {}, run, options); });
  EXPECT_EQ(error.code(), ErrorCode::kIo);
  EXPECT_EQ(error.file_name(), "/proc/no-such-folder");
}

}  // namespace
}  // namespace tessera::graph
