/// What cannot become a graph for the card is refused by name.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/metadata.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/core/graph/test_graph.hpp"
#include "tests/plugins/qaic/graphs/card.hpp"

namespace tessera::qaic {
namespace {

using graph::testing_graph::error_of;

Error refusal(const char* model, const std::vector<GraphPass>& passes) {
  return error_of([&] { graph_after(tiny_model(model), passes); });
}

TEST(Refusal, NamesTheScalingThatNeedsALength) {
  for (const auto& [model, scaling] :
       {std::pair("rope-dynamic", "dynamic"), std::pair("rope-longrope", "longrope")}) {
    const Error table = refusal(model, decoder_passes({}));
    EXPECT_EQ(table.code(), ErrorCode::kNotSupported);
    EXPECT_NE(table.message().find("'" + std::string(scaling) + "'"), std::string::npos) << table.message();
    const Error names = refusal(model, {{"qaic-kv-cache", {}}, {"qaic-names", {}}});
    EXPECT_NE(names.message().find("'" + std::string(scaling) + "'"), std::string::npos) << names.message();
  }
}

TEST(Refusal, OfMoreRotaryRowsThanTheModelHasPositions) {
  EXPECT_EQ(refusal("llama3-tiny", decoder_passes({.rotary_rows = 513})).message(),
            "tabulate-rotary: 513 rows, the model has 512 positions");
}

TEST(Refusal, OfPassesInTheWrongOrder) {
  EXPECT_EQ(refusal("llama3-tiny", {{"kv-cache", {}}, {"qaic-kv-cache", {}}}).message(),
            "qaic-kv-cache: the graph has a cache already");
  EXPECT_EQ(refusal("llama3-tiny", {{"qaic-kv-cache", {}}, {"qaic-kv-cache", {}}}).message(),
            "qaic-kv-cache: the graph has an input 'past_key.0' already");
  EXPECT_EQ(refusal("llama3-tiny", {{"qaic-names", {}}}).message(),
            "qaic-names: the decoder has no retained state");
  EXPECT_EQ(
      refusal("llama3-tiny", {{"qaic-kv-cache", {}}, {"select-logits", {}}, {"qaic-names", {}}}).message(),
      "qaic-names: QAic tools have no name for the input 'logits_rows'");
  EXPECT_EQ(refusal("llama3-tiny", {{"qaic-kv-cache", {}}, {"qaic-names", {}}, {"qaic-names", {}}}).message(),
            "qaic-names: the graph has QAic's names already");
}

TEST(Refusal, OfADecoderForAnotherTask) {
  LoadedModel& model = tiny_model("llama3-tiny");
  graph::Model decoder = graph::read_model(model.graph());
  graph::set_metadata(decoder, graph::metadata::kTask, "sequence-classification");
  const std::string bytes = graph::write_model(decoder);
  const Error error = error_of([&] {
    model.registry().find_transform("qaic-names").apply({bytes, {}, nullptr, {}, {}});
  });
  EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
  EXPECT_EQ(error.message(),
            "qaic-names: a decoder for 'sequence-classification' has no form that QAic tools know");
}

TEST(Refusal, OfPoolingWhereNothingCanBePooled) {
  EXPECT_EQ(refusal("bert-tiny-cls", {{"pooling", {}}}).message(),
            "pooling: the graph has no output 'last_hidden_state'");
  EXPECT_EQ(refusal("llama3-tiny", {{"pooling", {}}}).message(),
            "pooling: the graph has no output 'last_hidden_state'");
  EXPECT_EQ(refusal("bert-tiny-embed", {{"pack-rows", {}}, {"pooling", {}}}).message(),
            "pooling: the graph has no input 'attention_mask'");
  EXPECT_EQ(refusal("bert-tiny-embed", {{"qaic-names", {}}, {"pooling", {}}}).key_name(),
            "last_hidden_state");
  EXPECT_EQ(refusal("bert-tiny-embed", {{"pooling", {{"mode", "avg"}}}}).message(),
            "pooling: unknown mode 'avg'");
}

TEST(Refusal, OfACacheForAnEncoder) {
  EXPECT_EQ(refusal("bert-tiny-embed", {{"qaic-kv-cache", {}}}).message(),
            "qaic-kv-cache: the graph has no call of 'tessera.Attention' or 'tessera.WindowedAttention'");
}

}  // namespace
}  // namespace tessera::qaic
