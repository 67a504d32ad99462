// The sample plugin in plain C: what it does is seen in the model.
#include <gtest/gtest.h>

#include <string>

#include "core/plugin/registry.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/core/plugin/error_of.hpp"
#include "tests/core/plugin/test_plugins.hpp"

namespace tessera {
namespace {

class PlainC : public testing::Test {
 protected:
  PluginRegistry registry{only(sample_plugin("plain-c"))};
  const plugin::Transform& transform = registry.find_transform("set-producer");

  static std::string model() {
    graph::Model made;
    made.producer_name = "somebody";
    made.graph.name = "empty";
    return graph::write_model(made);
  }
};

TEST_F(PlainC, SetsTheProducer) {
  const auto changed = transform.apply({model(), "", nullptr, {{"name", "me"}}, {}});
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(graph::read_model(*changed).producer_name, "me");
  EXPECT_EQ(graph::read_model(*changed).graph.name, "empty");
}

TEST_F(PlainC, LongNamesAndTheDefaultWork) {
  const std::string name(300, 'x');
  EXPECT_EQ(graph::read_model(*transform.apply({model(), "", nullptr, {{"name", name}}, {}})).producer_name,
            name);
  EXPECT_EQ(graph::read_model(*transform.apply({model(), "", nullptr, {}, {}})).producer_name, "tessera");
}

TEST_F(PlainC, UnknownOptionIsItsError) {
  const Error error = error_of([&] { transform.apply({model(), "", nullptr, {{"nmae", "me"}}, {}}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.key_name(), "nmae");
  EXPECT_EQ(error.remedy_text(), "did you mean 'name'?");
}

}  // namespace
}  // namespace tessera
