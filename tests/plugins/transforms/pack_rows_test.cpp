#include "pack_rows.hpp"

#include <gmock/gmock.h>

#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests

/// One layer of bidirectional attention with learned positions; outputs by token and by sequence.
Model encoder() {
  Model m;
  m.opset_imports = {{"", 17}, {"tessera", 1}};
  m.graph.name = "encoder";
  for (const char* input : {"input_ids", "attention_mask"})
    m.graph.inputs.push_back(type(input, DataType::kInt64, {"batch", "seq"}));
  m.graph.outputs = {type("hidden.1", DataType::kFloat, {"batch", "seq", "8"}),
                     type("pooled", DataType::kFloat, {"batch", "8"})};
  for (const char* name : {"words", "positions"})
    m.graph.initializers.push_back(weight(name, {kVocab, kHidden}));
  m.graph.initializers.push_back(graph::int64_tensor("zero", {}, {0}));
  m.graph.initializers.push_back(graph::int64_tensor("one", {}, {1}));
  const auto add = [&](const std::string& name, const std::string& op, Names inputs, DataType dtype,
                       const Names& dims, std::vector<graph::Attribute> attributes = {}) {
    m.graph.nodes.push_back(node("make_" + name, op, std::move(inputs), {name}, std::move(attributes)));
    if (!graph::has_output(m.graph, name)) m.graph.value_info.push_back(type(name, dtype, dims));
  };
  const Names rows = {"batch", "seq", "8"};
  add("shape", "Shape", {"input_ids"}, DataType::kInt64, {"2"});
  add("length", "Gather", {"shape", "one"}, DataType::kInt64, {});
  add("range", "Range", {"zero", "length", "one"}, DataType::kInt64, {"seq"});
  add("position_ids", "Expand", {"range", "shape"}, DataType::kInt64, {"batch", "seq"});
  add("word", "tessera.Embedding", {"input_ids", "words"}, DataType::kFloat, rows);
  add("place", "tessera.Embedding", {"position_ids", "positions"}, DataType::kFloat, rows);
  add("hidden.0", "Add", {"word", "place"}, DataType::kFloat, rows);
  add("hidden.1", "tessera.BidirectionalAttention", {"hidden.0", "hidden.0", "hidden.0", "attention_mask"},
      DataType::kFloat, rows, {int_attr("num_heads", 2), int_attr("kv_heads", 2), float_attr("scale", 0.5f)});
  add("first", "tessera.FirstToken", {"hidden.1"}, DataType::kFloat, {"batch", "8"});
  add("pooled", "Tanh", {"first"}, DataType::kFloat, {"batch", "8"});
  for (const graph::Function& f : graph::canonical_functions()) m.functions.push_back(f);
  graph::remove_unused_functions(m);
  return m;
}

TEST(PackRows, TakesSequencesAsRows) {
  Model m = encoder();
  EXPECT_TRUE(apply<PackRows>(m));
  EXPECT_GOLDEN(text(m), "pack-rows.txt");
}

TEST(PackRows, GivesEachSequenceWhatItGetsAlone) {
  const std::vector<std::vector<int64_t>> texts = {{3, 1, 4}, {1, 5, 9, 2, 6}, {7}};
  std::vector<int64_t> ids, positions, index, first;
  std::vector<float> tokens, pooled;
  for (const std::vector<int64_t>& text : texts) {
    const auto length = static_cast<int64_t>(text.size());
    const Tensors alone =
        run(encoder(), {{"input_ids", ints({1, length}, text)},
                        {"attention_mask", ints({1, length}, std::vector<int64_t>(text.size(), 1))}});
    const std::vector<float> hidden = floats(alone.at("hidden.1")), pool = floats(alone.at("pooled"));
    tokens.insert(tokens.end(), hidden.begin(), hidden.end());
    pooled.insert(pooled.end(), pool.begin(), pool.end());
    first.push_back(static_cast<int64_t>(ids.size()));
    for (int64_t i = 0; i < length; ++i) {
      ids.push_back(text[static_cast<size_t>(i)]);
      positions.push_back(i);
      index.push_back(static_cast<int64_t>(first.size()) * 7 - 100);  // any numbers
    }
  }
  Model m = encoder();
  apply<PackRows>(m);
  const auto rows = static_cast<int64_t>(ids.size());
  const Tensors packed = run(m, {{"input_ids", ints({rows, 1}, ids)},
                                 {"position_ids", ints({rows, 1}, positions)},
                                 {"batch_index", ints({rows, 1}, index)},
                                 {"first_rows", ints({3}, first)}});
  EXPECT_THAT(floats(packed.at("hidden.1")), testing::Pointwise(testing::FloatNear(2e-6f), tokens));
  EXPECT_THAT(floats(packed.at("pooled")), testing::Pointwise(testing::FloatNear(2e-6f), pooled));
}

TEST(PackRows, RefusesADecoder) {
  Model m = decoder();
  const Error error = error_of([&] { apply<PackRows>(m); });
  EXPECT_EQ(error.message(), "pack-rows: the graph has no bidirectional attention");
}

TEST(PackRows, RefusesToRunTwice) {
  Model m = encoder();
  apply<PackRows>(m);
  const Error error = error_of([&] { apply<PackRows>(m); });
  EXPECT_EQ(error.message(), "pack-rows: the graph has the input 'batch_index' already");
}

TEST(PackRows, RefusesAMaskThatSomethingElseReads) {
  Model m = encoder();
  m.graph.outputs.push_back(type("copy", DataType::kInt64, {"batch", "seq"}));
  m.graph.nodes.push_back(node("copy", "Identity", {"attention_mask"}, {"copy"}));
  const Error error = error_of([&] { apply<PackRows>(m); });
  EXPECT_THAT(error.message(), testing::HasSubstr("'attention_mask' is read by more than attention"));
}

}  // namespace
}  // namespace tessera::transforms
