#include "kv_cache.hpp"

#include "slots.hpp"
#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests

TEST(KvCache, GivesEachAttentionAKeyAndAValueState) {
  Model m = decoder(/*windowed=*/true);
  EXPECT_TRUE(apply<KvCache>(m));
  EXPECT_GOLDEN(text(m), "kv-cache.txt");
}

TEST(KvCache, BringsTheBodiesItNeedsAndNoOthers) {
  Model m = decoder();
  apply<KvCache>(m);
  bool has_pure = false, has_cached = false, has_windowed = false;
  for (const graph::Function& f : m.functions) {
    has_pure = has_pure || f.name == "Attention";
    has_cached = has_cached || f.name == "CachedAttention";
    has_windowed = has_windowed || f.name == "WindowedCachedAttention";
  }
  EXPECT_FALSE(has_pure);
  EXPECT_TRUE(has_cached);
  EXPECT_FALSE(has_windowed);
}

TEST(KvCache, RefusesAGraphThatHasOne) {
  Model m = decoder();
  apply<KvCache>(m);
  const Error twice = error_of([&] { apply<KvCache>(m); });
  EXPECT_EQ(twice.message(), "kv-cache: the graph has a cache already");
  EXPECT_EQ(twice.node_name(), "layers.0/self_attn/attention");
  EXPECT_EQ(twice.remedy_text(), "list 'kv-cache' once, before 'slots'");
  apply<Slots>(m);
  EXPECT_EQ(error_of([&] { apply<KvCache>(m); }).message(), "kv-cache: the graph has a cache already");
}

TEST(KvCache, RefusesAGraphWithoutAttention) {
  Model m = decoder();
  graph::inline_functions(m);
  const Error error = error_of([&] { apply<KvCache>(m); });
  EXPECT_EQ(error.message(),
            "kv-cache: the graph has no call of 'tessera.Attention' or 'tessera.WindowedAttention'");
  EXPECT_EQ(error.remedy_text(), "use 'kv-cache' on decoders only, and before 'inline-functions'");
}

TEST(KvCache, RefusesMetadataThatDisagree) {
  Model layers = decoder();
  graph::set_metadata(layers, "tessera.layers", "3");
  EXPECT_EQ(error_of([&] { apply<KvCache>(layers); }).message(),
            "kv-cache: the graph has 2 calls of attention, its metadata say 3 layers");
  Model head_dim = decoder();
  graph::set_metadata(head_dim, "tessera.head_dim", "5");
  const Error error = error_of([&] { apply<KvCache>(head_dim); });
  EXPECT_EQ(error.message(), "kv-cache: keys of width 4 are not 1 heads of 5");
  EXPECT_EQ(error.node_name(), "layers.0/self_attn/attention");
}

TEST(KvCache, RefusesAnAttentionWithoutItsAttributes) {
  Model m = decoder();
  for (graph::Node& n : m.graph.nodes) {
    if (n.op_type == "Attention") n.attributes.erase(n.attributes.begin() + 1);
  }
  const Error error = error_of([&] { apply<KvCache>(m); });
  EXPECT_EQ(error.message(), "attribute 'kv_heads' of 'tessera.Attention' is missing");
  EXPECT_EQ(error.node_name(), "layers.0/self_attn/attention");
}

}  // namespace
}  // namespace tessera::transforms
