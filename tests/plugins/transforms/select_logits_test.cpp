#include "select_logits.hpp"

#include "inline_functions.hpp"
#include "kv_cache.hpp"
#include "slots.hpp"
#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests

TEST(SelectLogits, RowsAreNamedByAnInput) {
  Model m = decoder();
  apply<KvCache>(m);
  apply<Slots>(m);
  EXPECT_TRUE(apply<SelectLogits>(m));
  EXPECT_GOLDEN(text(m), "select-logits-rows.txt");
}

TEST(SelectLogits, LastTakesTheNewestPosition) {
  Model m = decoder();
  EXPECT_TRUE(apply<SelectLogits>(m, {{"mode", "last"}}));
  EXPECT_GOLDEN(text(m), "select-logits-last.txt");
}

TEST(SelectLogits, LastKTakesTheNewestPositions) {
  Model m = decoder();
  EXPECT_TRUE(apply<SelectLogits>(m, {{"mode", "last-k"}, {"k", "3"}}));
  EXPECT_GOLDEN(text(m), "select-logits-last-k.txt");
}

TEST(SelectLogits, RefusesToRunTwice) {
  for (const char* mode : {"rows", "last"}) {
    Model m = decoder();
    apply<SelectLogits>(m, {{"mode", mode}});
    const Error error = error_of([&] { apply<SelectLogits>(m, {{"mode", mode}}); });
    EXPECT_EQ(error.message(), "select-logits: rows are chosen already");
    EXPECT_EQ(error.node_name(), "lm_head");
  }
}

TEST(SelectLogits, WantsTheHeadAsACall) {
  Model m = decoder();
  apply<InlineFunctions>(m);
  const Error error = error_of([&] { apply<SelectLogits>(m); });
  EXPECT_EQ(error.message(),
            "select-logits: 'logits' is made by 'MatMul', expected 'tessera.Linear' or 'tessera.LinearBias'");
}

TEST(SelectLogits, RefusesOptionsWithoutMeaning) {
  Model m = decoder();
  EXPECT_EQ(error_of([&] {
              apply<SelectLogits>(m, {{"mode", "lost"}});
            }).remedy_text(),
            "did you mean 'last'?");
  EXPECT_EQ(error_of([&] { apply<SelectLogits>(m, {{"k", "2"}}); }).key_name(), "k");
  EXPECT_EQ(error_of([&] { apply<SelectLogits>(m, {{"mode", "last-k"}, {"k", "0"}}); }).key_name(), "k");
}

}  // namespace
}  // namespace tessera::transforms
