#include "plugins/qaic/standin/compile/compile.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "plugins/qaic/qpc/qpc.hpp"
#include "tessera/sdk/builder.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::qaic::standin {
namespace {

namespace fs = std::filesystem;
using graph::DataType;

/// A model of y = x + w, past_RetainedState = past + x, with its files in a folder of its own.
class StandInCompile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const float weights[] = {0.1f, 1e-9f, 70000.0f, 1.0f};
    write("model.data", std::string("pad").append(reinterpret_cast<const char*>(weights), sizeof weights));
    write("model.onnx", graph::write_model(model(DataType::kFloat)));
    write("s.json", R"({"specializations": [{"rows": "8"}, {"rows": "1"}]})");
    write("c.yaml",
          " - IOName: past\n   Precision: float16\n - IOName: past_RetainedState\n   Precision: float16\n");
    line_ = parse_command_line({"-aic-hw", "-m=" + path("model.onnx"), "-aic-binary-dir=" + path("qpc"),
                                "-aic-num-cores=4", "-retained-state", "-convert-to-fp16",
                                "-network-specialization-config=" + path("s.json"),
                                "-custom-IO-list-file=" + path("c.yaml")});
  }
  void TearDown() override { fs::remove_all(folder_); }

  static graph::Model model(DataType weights) {
    graph::GraphBuilder g("test", "adds");
    const graph::Shape four = {graph::known(4)};
    const graph::Value x = g.input("x", DataType::kFloat, {graph::symbol("rows"), graph::known(4)});
    const graph::Value past = g.input("past", DataType::kFloat, four);
    const graph::Value w =
        g.weight("w", weights, {4}, {"model.data", 3, weights == DataType::kFloat ? 16u : 8u});
    g.add("sum", x, w);
    g.output(g.rename({"sum", DataType::kFloat, x.shape}, "y"));
    g.add("next", past, past);
    g.output(g.rename({"next", DataType::kFloat, four}, "past_RetainedState"));
    return std::move(g).finish();
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }
  void run() const {
    compile(line_, [](const std::string&) {});
  }
  std::string compiled() const {
    run();
    std::ifstream file(path("qpc/programqpc.bin"), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void expect_refused(const std::string& words) const {
    try {
      run();
      ADD_FAILURE() << "not refused: " << words;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
    EXPECT_FALSE(fs::exists(path("qpc")));
  }

  fs::path folder_;
  CommandLine line_;
};

TEST_F(StandInCompile, WritesAContainerOfTheFormat) {
  const std::string file = compiled();
  const Qpc qpc = read_qpc(file);
  EXPECT_TRUE(qpc.stand_in());
  EXPECT_EQ(qpc.network.num_cores, 4);
  EXPECT_EQ(qpc.static_constants_bytes, 16u);
  const IoDesc io = io_desc_of(qpc.network);
  ASSERT_EQ(io.selected_set.bindings.size(), 4u);
  EXPECT_EQ(io.selected_set.bindings[0].dims, (std::vector<int64_t>{8, 4}));
  EXPECT_FALSE(io.selected_set.bindings[0].partial_allowed);
  EXPECT_TRUE(io.selected_set.bindings[1].partial_allowed);
  EXPECT_EQ(io.selected_set.bindings[1].type, IoDataType::kFloat16);
  EXPECT_EQ(io.selected_set.bindings[3].name, "past_RetainedState");
  ASSERT_EQ(io.allowed_shapes.size(), 2u);
  EXPECT_EQ(io.allowed_shapes[1][0].dims, (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(io.allowed_shapes[1][2].dims, (std::vector<int64_t>{1, 4}));
}

TEST_F(StandInCompile, KeepsWeightsAsTheCardWould) {
  float weights[4];
  const std::string rounded = compiled();
  std::memcpy(weights, find_segment(read_container(rounded), kConstants)->bytes.data(), sizeof weights);
  EXPECT_EQ(weights[0], 0.0999755859375f);
  EXPECT_EQ(weights[1], 0.0f);
  EXPECT_EQ(weights[2], INFINITY);
  fs::remove_all(path("qpc"));
  line_.fp16 = false;
  const std::string exact = compiled();
  std::memcpy(weights, find_segment(read_container(exact), kConstants)->bytes.data(), sizeof weights);
  EXPECT_EQ(weights[0], 0.1f);
}

TEST_F(StandInCompile, RefusesWhatTheCompilerWould) {
  write("s.json", R"({"specializations": [{"row": "8"}]})");
  expect_refused("dimension 'rows' of 'x'");
  write("s.json", R"({"specializations": [{"rows": "8"}]})");
  write("c.yaml", " - IOName: pasta\n   Precision: float16\n");
  expect_refused("names 'pasta'");
  write("c.yaml", " - IOName: past\n   Precision: float16\n");
  expect_refused("one shape and type");
  line_.custom_io.clear();
  write("model.onnx", graph::write_model(model(DataType::kBfloat16)));
  expect_refused("bfloat16");
  write("model.onnx", "no model");
  expect_refused("malformed onnx model");
}

TEST_F(StandInCompile, RefusesWeightsThatLeaveTheirFile) {
  write("model.data", "short");
  expect_refused("leave their file");
  fs::remove(path("model.data"));
  EXPECT_THROW(run(), Error);
}

TEST_F(StandInCompile, LeavesAnExistingFolderAlone) {
  run();
  EXPECT_THROW(run(), Error);
  EXPECT_TRUE(fs::exists(path("qpc/programqpc.bin")));
}

}  // namespace
}  // namespace tessera::qaic::standin
