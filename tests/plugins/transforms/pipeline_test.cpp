/// Every pass's result passes the host's checker, in the orders that make sense.
#include <string>
#include <vector>

#include "constant_folding.hpp"
#include "core/graph/pass_manager.hpp"
#include "expose_values.hpp"
#include "inline_functions.hpp"
#include "kv_cache.hpp"
#include "select_logits.hpp"
#include "slots.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"
#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests
using graph::PassRequest;

template <class Pass>
bool apply_if(const PassRequest& request, Model& m, bool& changed) {
  if (request.id != Pass().id()) return false;
  changed = apply<Pass>(m, request.options);
  return true;
}

std::string run_pass(const PassRequest& request, std::string_view bytes) {
  Model m = graph::read_model(bytes);
  bool changed = false;
  const bool known =
      apply_if<KvCache>(request, m, changed) || apply_if<Slots>(request, m, changed) ||
      apply_if<SelectLogits>(request, m, changed) || apply_if<ExposeValues>(request, m, changed) ||
      apply_if<InlineFunctions>(request, m, changed) || apply_if<ConstantFolding>(request, m, changed);
  if (!known) throw Error(ErrorCode::kNotFound, "no such pass in this test");
  return changed ? graph::write_model(m) : std::string();
}

struct Pipeline {
  const char* name;
  std::vector<PassRequest> passes;
};

class Pipelines : public testing::TestWithParam<Pipeline> {};

TEST_P(Pipelines, PassTheCheckerAfterEachPass) {
  for (const bool windowed : {false, true}) {
    const graph::PassResult result =
        graph::run_passes(graph::write_model(decoder(windowed)), GetParam().passes, run_pass);
    for (const graph::PassReport& report : result.reports) EXPECT_TRUE(report.changed) << report.id;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Orders, Pipelines,
    testing::Values(Pipeline{"ragged", {{"kv-cache", {}}, {"slots", {}}, {"select-logits", {}}}},
                    Pipeline{"exposed",
                             {{"kv-cache", {}},
                              {"slots", {}},
                              {"select-logits", {}},
                              {"expose-values", {{"values", "hidden.*"}}}}},
                    Pipeline{"pure_last", {{"select-logits", {{"mode", "last"}}}, {"inline-functions", {}}}},
                    Pipeline{"pure_last_k", {{"select-logits", {{"mode", "last-k"}, {"k", "4"}}}}},
                    Pipeline{"select_first", {{"select-logits", {}}, {"kv-cache", {}}, {"slots", {}}}},
                    Pipeline{"folded",
                             {{"kv-cache", {}}, {"inline-functions", {}}, {"constant-folding", {}}}},
                    Pipeline{"kept",
                             {{"kv-cache", {}},
                              {"slots", {}},
                              {"inline-functions", {{"keep", "Linear,SlotAttention,WindowedSlotAttention"}}},
                              {"constant-folding", {}}}}),
    [](const testing::TestParamInfo<Pipeline>& info) { return info.param.name; });

}  // namespace
}  // namespace tessera::transforms
