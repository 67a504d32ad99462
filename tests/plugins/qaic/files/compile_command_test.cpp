#include "plugins/qaic/files/compile_command.hpp"

#include "tests/core/graph/test_graph.hpp"

namespace tessera::qaic {
namespace {

using graph::testing_graph::error_of;

CompileCommand causal() {
  CompileCommand command;
  command.compiler = "/opt/qti-aic/exec/qaic-compile";
  command.model = "out/model.onnx";
  command.specializations = "out/specializations.json";
  command.custom_io = "out/custom_io.yaml";
  command.binary_dir = "out/qpc";
  return command;
}

TEST(CompileCommand, OfADecoder) {
  EXPECT_EQ(command_text(compile_arguments(causal())),
            "/opt/qti-aic/exec/qaic-compile -aic-hw -aic-hw-version=ai100 -m=out/model.onnx -retained-state "
            "-convert-to-fp16 -aic-num-cores=16 -network-specialization-config=out/specializations.json "
            "-custom-IO-list-file=out/custom_io.yaml -aic-binary-dir=out/qpc");
}

TEST(CompileCommand, PutsOptionsAndPartitionsWhereTheyBelong) {
  CompileCommand command = causal();
  command.mxfp6_matmul = true;
  command.num_cores = 14;
  command.options = {{"mos", "1"}, {"aic_enable_depth_first", "true"}, {"allow-mxint8-mdp-io", "false"}};
  command.partitions = "out/mdp_ts_2.json";
  command.tensor_slicing = true;
  EXPECT_EQ(command_text(compile_arguments(command)),
            "/opt/qti-aic/exec/qaic-compile -aic-hw -aic-hw-version=ai100 -m=out/model.onnx -retained-state "
            "-convert-to-fp16 -mxfp6-matmul -aic-num-cores=14 -mos=1 -aic-enable-depth-first "
            "-mdp-load-partition-config=out/mdp_ts_2.json "
            "-network-specialization-config=out/specializations.json "
            "-custom-IO-list-file=out/custom_io.yaml -aic-binary-dir=out/qpc");
  command.tensor_slicing = false;
  EXPECT_EQ(compile_arguments(command).at(4), "-mdp-load-partition-config=out/mdp_ts_2.json");
}

TEST(CompileCommand, OfAnEncoder) {
  CompileCommand command = causal();
  command.retained_state = false;
  command.custom_io.clear();
  command.fp16 = false;
  EXPECT_EQ(
      command_text(compile_arguments(command)),
      "/opt/qti-aic/exec/qaic-compile -aic-hw -aic-hw-version=ai100 -m=out/model.onnx -aic-num-cores=16 "
      "-network-specialization-config=out/specializations.json -aic-binary-dir=out/qpc");
}

TEST(CompileCommand, QuotesForTheShell) {
  EXPECT_EQ(command_text({"a b", "it's", "", "-x=1"}), "'a b' 'it'\\''s' '' -x=1");
}

TEST(CompileCommand, RefusesOptionsThatHaveASetting) {
  CompileCommand command = causal();
  command.options = {{"aic_num_cores", "4"}};
  EXPECT_EQ(error_of([&] { compile_arguments(command); }).message(),
            "compiler option 'aic-num-cores' has a setting of its own");
  command.options = {{"a b", "4"}};
  EXPECT_EQ(error_of([&] { compile_arguments(command); }).message(), "'a b' is no name of a compiler option");
}

}  // namespace
}  // namespace tessera::qaic
