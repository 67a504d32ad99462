#include "plugins/qaic/files/partitions.hpp"

#include "tests/core/graph/test_graph.hpp"

namespace tessera::qaic {
namespace {

using graph::testing_graph::error_of;
using List = std::vector<int64_t>;

TEST(Partitions, TensorSlicing) {
  const PartitionFile file = tensor_slicing(4, 16);
  EXPECT_EQ(file.name, "mdp_ts_4.json");
  EXPECT_GOLDEN(file.text, "../qaic/mdp_ts_4.json");
}

TEST(Partitions, Pipeline) {
  const PartitionFile file = pipeline(
      4, 14, 2, {"embed", "kv_cache/zero", "layers.0/q", "layers.0/y", "layers.1/q", "layers.2/q", "norm"});
  EXPECT_EQ(file.name, "mdp_disagg_4d_2p.json");
  EXPECT_GOLDEN(file.text, "../qaic/mdp_disagg_4d_2p.json");
}

TEST(Partitions, FindTheLayerOfANode) {
  EXPECT_EQ(layer_of("layers.7/self_attn/q_proj"), 7);
  EXPECT_EQ(layer_of("h.11/attn/c_attn"), 11);
  EXPECT_EQ(layer_of("encoder/layer_3/output"), 3);
  EXPECT_EQ(layer_of("lm_head"), -1);
  EXPECT_EQ(layer_of("layers.x/q"), -1);
  EXPECT_EQ(layer_of("layers.99999999999999999999/q"), -1);
}

TEST(Partitions, GiveWhatIsLeftOverToTheMiddle) {
  EXPECT_EQ(layers_per_partition(8, 4), (List{2, 2, 2, 2}));
  EXPECT_EQ(layers_per_partition(10, 4), (List{2, 3, 3, 2}));
  EXPECT_EQ(layers_per_partition(5, 2), (List{3, 2}));
  EXPECT_EQ(layers_per_partition(11, 4), (List{3, 3, 3, 2}));
}

TEST(Partitions, RefuseWhatCannotBe) {
  EXPECT_EQ(error_of([] { tensor_slicing(1, 16); }).message(), "a partition file for 1 devices");
  EXPECT_EQ(error_of([] { tensor_slicing(2, 0); }).message(), "num_cores is 0");
  EXPECT_EQ(error_of([] { pipeline(4, 16, 2, {"layers.0/q"}); }).message(), "2 partitions of 1 layers");
  EXPECT_EQ(error_of([] {
              pipeline(3, 16, 2, {"layers.0/q", "layers.1/q"});
            }).message(),
            "3 devices in 2 equal partitions");
}

}  // namespace
}  // namespace tessera::qaic
