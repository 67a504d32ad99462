#include "slots.hpp"

#include "kv_cache.hpp"
#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests

TEST(Slots, AddsTheSlotOfEachRow) {
  Model m = decoder(/*windowed=*/true);
  apply<KvCache>(m);
  EXPECT_TRUE(apply<Slots>(m));
  EXPECT_GOLDEN(text(m), "slots.txt");
}

TEST(Slots, WantsTheCacheFirst) {
  Model m = decoder();
  const Error error = error_of([&] { apply<Slots>(m); });
  EXPECT_EQ(error.message(), "slots: the graph has no cache");
  EXPECT_EQ(error.node_name(), "layers.0/self_attn/attention");
  EXPECT_EQ(error.remedy_text(), "run 'kv-cache' before 'slots'");
}

TEST(Slots, RefusesToRunTwice) {
  Model m = decoder();
  apply<KvCache>(m);
  apply<Slots>(m);
  const Error error = error_of([&] { apply<Slots>(m); });
  EXPECT_EQ(error.message(), "slots: the graph has slots already");
  EXPECT_EQ(error.remedy_text(), "list 'slots' once");
}

}  // namespace
}  // namespace tessera::transforms
