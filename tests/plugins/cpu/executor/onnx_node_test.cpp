// Every operator test of ONNX, run through the executor. What cannot run stands in onnx_unsupported.txt with
// its reason; a listed case that passes fails here, and so does an unlisted one that does not.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "onnx_case.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::exec {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "/usr/share/libonnx-testdata/data";

// "node/test_x: reason" lines; '#' starts a comment.
std::map<std::string, std::string> read_unsupported() {
  const char* data = std::getenv("TESSERA_TEST_DATA");
  std::string text = read_file(fs::path(data ? data : ".") / "plugins/cpu/executor/onnx_unsupported.txt");
  std::map<std::string, std::string> cases;
  size_t at = 0;
  while (at < text.size()) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.empty() || line[0] == '#') continue;
    size_t colon = line.find(": ");
    cases[line.substr(0, colon)] = colon == std::string::npos ? "" : line.substr(colon + 2);
  }
  return cases;
}

std::vector<std::string> list_cases() {
  std::vector<std::string> cases;
  for (const char* suite : {"node", "simple", "pytorch-operator", "pytorch-converted"}) {
    std::error_code absent;
    for (const auto& entry : fs::directory_iterator(fs::path(kFolder) / suite, absent))
      cases.push_back(fmt::format("{}/{}", suite, entry.path().filename().string()));
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

// "" when the case passes, else why not.
std::string run_case(const std::string& name, const KernelRegistry& registry) {
  fs::path folder = fs::path(kFolder) / name;
  try {
    graph::Model model = graph::read_model(read_file(folder / "model.onnx"));
    Plan plan = Plan::compile(model, {.registry = &registry});
    Workspace workspace(plan);
    int data_sets = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.is_directory()) continue;
      ++data_sets;
      DataSet data = read_data_set(entry.path(), model.graph);
      std::vector<Value> actual = plan.run(workspace, data.inputs);
      for (size_t i = 0; i < data.outputs.size(); ++i) {
        std::string text = difference(actual[i], data.outputs[i]);
        if (!text.empty()) return fmt::format("output {}: {}", i, text);
      }
    }
    return data_sets == 0 ? "no data set" : "";
  } catch (const Error& error) {
    std::string text = error.message();
    for (const std::string& line : error.context()) text += fmt::format("; while {}", line);
    return text;
  }
}

TEST(OnnxNodeTests, AllPassButTheListedOnes) {
  std::vector<std::string> cases = list_cases();
  ASSERT_GT(cases.size(), 900u) << "Debian's package libonnx-testdata is missing: ./dev setup installs it";
  std::map<std::string, std::string> unsupported = read_unsupported();
  KernelRegistry registry = KernelRegistry::standard();
  size_t passed = 0;
  for (const std::string& name : cases) {
    std::string why = run_case(name, registry);
    passed += why.empty();
    if (unsupported.erase(name) == 0) {
      EXPECT_EQ(why, "") << name;
    } else {
      EXPECT_NE(why, "") << name << " passes: take it off the list";
    }
  }
  for (const auto& [name, reason] : unsupported)
    ADD_FAILURE() << "the list names '" << name << "', which is no case";
  RecordProperty("passed", static_cast<int>(passed));
  fmt::print("{} of {} cases pass\n", passed, cases.size());
}

TEST(OnnxNodeTests, EveryListedCaseHasAReason) {
  for (const auto& [name, reason] : read_unsupported()) EXPECT_GT(reason.size(), 5u) << name;
}

}  // namespace
}  // namespace tessera::exec
