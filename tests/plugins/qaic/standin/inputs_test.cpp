#include "plugins/qaic/standin/compile/inputs.hpp"

#include <gtest/gtest.h>

#include "plugins/qaic/standin/compile/command_line.hpp"
#include "plugins/qaic/standin/script.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {
namespace {

TEST(Specializations, AreReadInBothForms) {
  const std::vector<Specialization> expected = {{{"batch_size", 1}, {"seq_len", 8}},
                                                {{"batch_size", 1}, {"seq_len", 1}}};
  EXPECT_EQ(read_specializations(R"({"specializations": [{"batch_size": "1", "seq_len": "8"},
                                                         {"batch_size": 1, "seq_len": 1}]})",
                                 "s.json"),
            expected);
  EXPECT_EQ(read_specializations(R"({"specializations": [
      {"name": "Prefill", "symbols": {"batch_size": "1", "seq_len": "8"}},
      {"name": "Decode", "symbols": {"batch_size": "1", "seq_len": "1"}}]})",
                                 "s.json"),
            expected);
}

TEST(Specializations, RefuseWhatMakesNoSense) {
  for (const char* text : {"", "[]", "{}", R"({"specializations": []})", R"({"specializations": [1]})",
                           R"({"specializations": [{"a": "x"}]})", R"({"specializations": [{"a": "-1"}]})",
                           R"({"specializations": [{"a": "1"}, {"a": 1}]})"})
    EXPECT_THROW(read_specializations(text, "s.json"), Error) << text;
}

TEST(CustomIo, IsAListOfPairs) {
  const auto precisions = read_custom_io(
      " - IOName: past_key.0\n   Precision: float16\n\n"
      " - IOName: past_key.0_RetainedState\n   Precision: mxint8\n",
      "c.yaml");
  EXPECT_EQ(precisions.at("past_key.0"), "float16");
  EXPECT_EQ(precisions.at("past_key.0_RetainedState"), "mxint8");
  for (const char* text : {"- IOName: a\n", "Precision: float16\n", "- IOName: a\n  Precision: bfloat16\n",
                           "junk\n", "- IOName: a\n Precision: float16\n- IOName: a\n Precision: float16\n"})
    EXPECT_THROW(read_custom_io(text, "c.yaml"), Error) << text;
}

TEST(Partition, CountsItsDevices) {
  const std::string two =
      R"({"connections": [{"devices": [0, 1], "type": "p2p"}], "partitions": [{"name": "P",
      "devices": [{"deviceId": 0, "numCores": 16}, {"deviceId": 1, "numCores": 16}]}]})";
  EXPECT_EQ(read_partition_devices(two, "m.json", 16), 2);
  EXPECT_THROW(read_partition_devices(two, "m.json", 8), Error);
  EXPECT_THROW(
      read_partition_devices(R"({"partitions": [{"devices": [{"deviceId": 3, "numCores": 16}]}]})", "m", 16),
      Error);
  EXPECT_THROW(read_partition_devices(R"({"partitions": []})", "m.json", 16), Error);
}

TEST(CommandLine, KnowsTheInvocationOfEfficientTransformers) {
  const CommandLine line = parse_command_line(
      {"-aic-hw", "-aic-hw-version=ai100", "-m=/m/model.onnx", "-retained-state", "-aic-num-cores=14",
       "-convert-to-fp16", "-mxfp6-matmul", "-mos=1", "-network-specialization-config=s.json",
       "-custom-IO-list-file=c.yaml", "-mdp-load-partition-config=m.json", "-aic-binary-dir=/m/qpc"});
  EXPECT_EQ(line.model, "/m/model.onnx");
  EXPECT_EQ(line.num_cores, 14);
  EXPECT_TRUE(line.fp16 && line.retained_state);
  EXPECT_EQ(line.without_effect, (std::vector<std::string>{"-mos=1"}));
}

TEST(CommandLine, RefusesWhatTheCompilerDoesNotKnow) {
  const std::vector<std::string> good = {"-m=a", "-aic-hw", "-aic-binary-dir=b"};
  EXPECT_NO_THROW(parse_command_line(good));
  for (const char* bad :
       {"-no-such-flag", "-no-such-flag=1", "-mos", "-retained-state=1", "-aic-num-cores=17",
        "-aic-num-cores=x", "-aic-hw-version=ai300", "-m=", "stray", "-"}) {
    std::vector<std::string> args = good;
    args.emplace_back(bad);
    EXPECT_THROW(parse_command_line(args), Error) << bad;
  }
  EXPECT_THROW(parse_command_line({"-m=a", "-aic-binary-dir=b"}), Error);
  EXPECT_TRUE(parse_command_line({"-h"}).help);
}

TEST(Script, OrdersFailures) {
  const Script script = parse_script(
      "devices 2 # two\n\nfail qaicLoadProgram QS_NOMEM at 3\ndevice 1 error\n"
      "reset 0 at 5\ncompile exit 3\n");
  EXPECT_EQ(script.devices, 2);
  ASSERT_EQ(script.faults.size(), 1u);
  EXPECT_EQ(script.faults[0].status, QS_NOMEM);
  EXPECT_EQ(script.faults[0].at, 3u);
  EXPECT_EQ(script.states.at(1), QDS_ERROR);
  EXPECT_EQ(script.resets.at(0).at, 5u);
  EXPECT_EQ(script.compile_exit, 3);
  for (const char* bad :
       {"devices", "devices x", "fail f QS_NONE", "fail f QS_BUSY at", "frobnicate 1", "compile"})
    EXPECT_THROW(parse_script(bad), Error) << bad;
}

}  // namespace
}  // namespace tessera::qaic::standin
