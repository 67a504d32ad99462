// The sample plugin in C++ through the whole way: found, loaded, built with, transformed with, run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin/registry.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/core/plugin/error_of.hpp"
#include "tests/core/plugin/test_plugins.hpp"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kConfig = R"({"model_type": "skeleton"})";

class Skeleton : public testing::Test {
 protected:
  PluginRegistry registry{only(sample_plugin("skeleton"))};

  std::string build() { return registry.select_architecture(kConfig).build({kConfig, "", nullptr, {}, {}}); }
};

TEST_F(Skeleton, IsListedWithWhatItRegisters) {
  ASSERT_EQ(registry.records().size(), 1u);
  const PluginRecord& record = registry.records()[0];
  EXPECT_FALSE(record.refusal.has_value());
  EXPECT_EQ(record.id, "skeleton");
  EXPECT_EQ(record.version, "0.1.0");
  EXPECT_EQ(record.licence, "Apache-2.0");
  EXPECT_EQ(record.needs_abi, TSR_ABI_VERSION);
  EXPECT_THAT(record.architectures, ElementsAre("skeleton"));
  EXPECT_THAT(record.transforms, ElementsAre("rename-graph"));
  EXPECT_THAT(record.backends, ElementsAre("copy"));
  EXPECT_GT(record.load_us, 0);
}

TEST_F(Skeleton, ArchitectureIsChosenByConfigAndBuildsItsGraph) {
  const plugin::Architecture& architecture = registry.select_architecture(kConfig);
  EXPECT_EQ(architecture.id(), "skeleton");
  EXPECT_EQ(architecture.recognise(kConfig).reason, "model_type is 'skeleton'");
  const graph::Model model = graph::read_model(build());
  ASSERT_EQ(model.graph.nodes.size(), 1u);
  EXPECT_EQ(model.graph.nodes[0].doc_string, "plugin=skeleton");
}

TEST_F(Skeleton, UnknownModelTypeNamesTheInstalledOnes) {
  const Error error = error_of([&] { registry.select_architecture(R"({"model_type": "mamba"})"); });
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_EQ(error.message(), "no architecture recognises model_type 'mamba'");
  EXPECT_EQ(error.key_name(), "model_type");
  EXPECT_EQ(error.remedy_text(), "installed model types: skeleton");
}

TEST_F(Skeleton, BuildCanBeCancelledByItsProgress) {
  std::string text;
  const auto stop = [&](uint64_t, uint64_t, std::string_view line) {
    text = line;
    return false;
  };
  const Error error = error_of([&] { registry.architectures()[0].build({kConfig, "", nullptr, {}, stop}); });
  EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  EXPECT_EQ(text, "building");
  EXPECT_THAT(error.context(), ElementsAre("building with architecture 'skeleton' (plugin skeleton 0.1.0)"));
}

TEST_F(Skeleton, TransformRewritesOrSaysUnchanged) {
  const plugin::Transform& rename = registry.find_transform("rename-graph");
  ASSERT_EQ(rename.options().size(), 1u);
  EXPECT_EQ(rename.options()[0].default_text, "renamed");
  const std::string model = build();
  const auto renamed = rename.apply({model, "", nullptr, {{"to", "other"}}, {}});
  ASSERT_TRUE(renamed.has_value());
  EXPECT_EQ(graph::read_model(*renamed).graph.name, "other");
  EXPECT_FALSE(rename.apply({*renamed, "", nullptr, {{"to", "other"}}, {}}).has_value());
}

TEST_F(Skeleton, UnknownOptionIsRefusedWithTheNearest) {
  const std::string model = build();
  const Error error = error_of([&] {
    registry.find_transform("rename-graph").apply({model, "", nullptr, {{"too", "x"}}, {}});
  });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message(), "unknown option 'too'");
  EXPECT_EQ(error.key_name(), "too");
  EXPECT_EQ(error.remedy_text(), "did you mean 'to'?");
  EXPECT_THAT(error.context(), ElementsAre("running pass 'rename-graph' (plugin skeleton 0.1.0)"));
}

TEST_F(Skeleton, GarbageModelIsRefusedByTheTransform) {
  const Error error = error_of([&] {
    registry.find_transform("rename-graph").apply({"\xFF\xFF", "", nullptr, {}, {}});
  });
  EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
}

TEST_F(Skeleton, BackendCompilesAndRuns) {
  const plugin::Backend& backend = registry.find_backend("copy");
  EXPECT_FALSE(backend.property("batch.ragged").as_bool());
  EXPECT_FALSE(backend.find_property("no.such").has_value());
  EXPECT_EQ(backend.find_interface(TSR_INTERFACE_SLOTS), nullptr);
  const std::string model = build();
  const plugin::Program program = backend.compile({model, "", nullptr, {}, {}});
  EXPECT_EQ(program.property("weights.bytes").as_int64(), 0);
  plugin::Session session = program.create_session({});
  std::array<float, 3> x = {1, 2, 3}, y = {};
  session.run({{"x", graph::DataType::kFloat, {3}, x.data(), sizeof(x)}},
              {{"y", graph::DataType::kFloat, {3}, y.data(), sizeof(y)}});
  EXPECT_EQ(y, x);
  EXPECT_EQ(error_of([&] { session.reset(0); }).code(), ErrorCode::kNotSupported);
}

TEST_F(Skeleton, MissingInputNamesItAndTheCall) {
  const plugin::Program program = registry.find_backend("copy").compile({build(), "", nullptr, {}, {}});
  plugin::Session session = program.create_session({});
  const Error error = error_of([&] { session.run({}, {}); });
  EXPECT_EQ(error.message(), "input 'x' is not given");
  EXPECT_THAT(error.context(), ElementsAre("running a step with backend 'copy' (plugin skeleton 0.1.0)"));
}

TEST_F(Skeleton, UnknownIdsOfferTheNearest) {
  EXPECT_EQ(error_of([&] { registry.find_transform("renamegraph"); }).remedy_text(),
            "did you mean 'rename-graph'?");
  const Error error = error_of([&] { registry.find_backend("cpy"); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.message(), "unknown backend 'cpy'");
  EXPECT_EQ(error.remedy_text(), "did you mean 'copy'?");
}

TEST_F(Skeleton, MayBeLoadedAgainByAnotherRegistry) {
  const PluginRegistry second(only(sample_plugin("skeleton")));
  EXPECT_EQ(second.architectures().size(), 1u);
}

}  // namespace
}  // namespace tessera
