// What the backend says of itself, and how it compiles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/core/plugin/error_of.hpp"
#include "tests/plugins/cpu/driver.hpp"

namespace tessera::cpu {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Backend, SaysWhatItCanDo) {
  const plugin::Backend& cpu = cpu_backend();
  EXPECT_THAT(cpu.property("passes.default").as_text_list(),
              ElementsAre("kv-cache", "slots", "select-logits"));
  EXPECT_THAT(cpu.property("functions.claimed").as_text_list(), Contains("SlotAttention"));
  EXPECT_TRUE(cpu.property("batch.ragged").as_bool());
  EXPECT_TRUE(cpu.property("bits.shape_invariant").as_bool());
  EXPECT_THAT(cpu.property("dtypes.weights").as_int64_list(),
              ElementsAre(TSR_FLOAT, TSR_FLOAT16, TSR_BFLOAT16));
  EXPECT_THAT(cpu.property("isa.available").as_text_list(), Contains(cpu.property("isa").as_text()));
  EXPECT_THAT(cpu.property("isa.available").as_text_list(), Contains("portable"));
  EXPECT_FALSE(cpu.property("isa.reason").as_text().empty());
  EXPECT_FALSE(cpu.find_property("no.such.key").has_value());
  EXPECT_NE(cpu.find_interface(TSR_INTERFACE_SLOTS), nullptr);
  EXPECT_NE(cpu.find_interface(TSR_INTERFACE_MACHINE_LIMITS), nullptr);
  EXPECT_EQ(cpu.find_interface("tessera.no-such/1"), nullptr);
}

TEST(Compile, TiedWeightsAreHeldOnce) {
  TinyConfig config;
  TinyLlama tied(config);
  config.tied = false;
  TinyLlama untied(config);
  const int64_t with_head =
      compile(untied.on_slots(), untied.file().c()).property("weights.bytes").as_int64();
  const int64_t without = compile(tied.on_slots(), tied.file().c()).property("weights.bytes").as_int64();
  // The head in panels of 32 rows; a matrix that is looked up only is stored as it is, in steps of 64 bytes.
  const int64_t panels = (config.vocab + 31) / 32 * 32 * config.hidden * 4;
  const int64_t rows = (config.vocab * config.hidden * 4 + 63) / 64 * 64;
  EXPECT_EQ(with_head, without + rows);
  EXPECT_GE(without, panels);
}

TEST(Compile, LetsThePagesOfTheFileGo) {
  TinyLlama model;
  compile(model.on_slots(), model.file().c());
  uint64_t bytes = 0;
  for (const graph::Tensor& weight : model.on_slots().graph.initializers) {
    if (weight.external) bytes += weight.external->length;
  }
  EXPECT_EQ(model.file().dropped_bytes, bytes);
}

TEST(Compile, IsCancelledByItsProgress) {
  TinyLlama model;
  const std::string bytes = graph::write_model(model.on_slots());
  for (const int stop_at : {0, 3, 9}) {
    int reports = 0;
    const auto stop = [&](uint64_t, uint64_t, std::string_view) { return reports++ < stop_at; };
    const Error error = error_of([&] { cpu_backend().compile({bytes, "", model.file().c(), {}, stop}); });
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
    EXPECT_EQ(reports, stop_at + 1);
  }
}

TEST(Compile, OptionsAreChecked) {
  TinyLlama model;
  const auto refused = [&](plugin::OptionList options) {
    const std::string bytes = graph::write_model(model.on_slots());
    return error_of([&] { cpu_backend().compile({bytes, "", model.file().c(), std::move(options), {}}); });
  };
  EXPECT_THAT(refused({{"isa", "sse9"}}).message(), HasSubstr("sse9"));
  EXPECT_THAT(refused({{"threads", "-1"}}).message(), HasSubstr("'threads' is -1"));
  EXPECT_THAT(refused({{"thread", "1"}}).remedy_text(), HasSubstr("threads"));
}

TEST(Compile, ListsEveryNodeWithoutKernel) {
  TinyLlama model;
  graph::Model graph = model.on_slots();
  for (const char* name : {"first", "second"}) {
    graph::Node node;
    node.op_type = "Frobnicate";
    node.name = name;
    node.inputs = {"hidden.0"};
    node.outputs = {std::string(name) + "/out"};
    graph.graph.nodes.push_back(node);
  }
  const std::string bytes = graph::write_model(graph);
  const auto expect_both = [](const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
    EXPECT_THAT(error.message(), HasSubstr("Frobnicate 'first'"));
    EXPECT_THAT(error.message(), HasSubstr("Frobnicate 'second'"));
  };
  expect_both(error_of([&] { cpu_backend().check({bytes, "", model.file().c(), {}, {}}); }));
  expect_both(error_of([&] { cpu_backend().compile({bytes, "", model.file().c(), {}, {}}); }));
}

TEST(Compile, WeightsThatDoNotFillTheirShapeAreRefused) {
  TinyLlama model;
  graph::Model graph = model.on_slots();
  graph.graph.initializers[0].dims[0] += 1;
  const Error error = error_of([&] { compile(graph, model.file().c()); });
  EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
  EXPECT_EQ(error.key_name(), "embed");
  EXPECT_EQ(error.file_name(), "weights.bin");
}

TEST(Compile, WeightsThatAreComputedRunAsPlainOperators) {
  TinyLlama model;
  graph::Model graph = model.pure();
  // The head reads a copy of its weight: nothing can be packed, the function's body runs.
  graph::Node copy;
  copy.op_type = "Identity";
  copy.name = "copy";
  copy.inputs = {"embed"};
  copy.outputs = {"embed/copy"};
  graph.graph.nodes.insert(graph.graph.nodes.begin(), copy);
  for (graph::Node& node : graph.graph.nodes) {
    if (node.name == "lm_head") node.inputs[1] = "embed/copy";
  }
  const std::vector<int64_t> ids = sample_ids(9, model.config().vocab),
                             positions = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  const std::vector<float> expected =
      run_pure(compile(model.pure(), model.file().c()), model.config(), ids, positions);
  const std::vector<float> actual =
      run_pure(compile(graph, model.file().c()), model.config(), ids, positions);
  EXPECT_LT(relative_difference(actual, expected), 1e-5);
}

}  // namespace
}  // namespace tessera::cpu
