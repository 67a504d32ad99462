// tessera.cpu.Embedding: ids int64 [...] -> [..., hidden] F32, rows of a weight of the program
//   weight  int: its number
// Negative ids count from the end, as Gather's indices do.
#include <fmt/format.h>

#include "ops.hpp"
#include "plugins/cpu/lower.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

struct EmbeddingNode {
  int64_t weight;

  void operator()(exec::Context& run) const {
    Step& step = step_of(run);
    const PackedWeights::Entry& table = step.weights[weight];
    const exec::Tensor& ids = run.input(0);
    const int64_t* id = ids.data<int64_t>();
    for (int64_t i = 0; i < ids.size(); ++i) {
      if (id[i] >= -table.shape.out && id[i] < table.shape.out) continue;
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("row {}: id {} is not in [0, {})", i, id[i], table.shape.out));
    }
    exec::Dims dims = ids.dims();
    dims.push_back(table.shape.in);
    float* y = run.output(0, graph::DataType::kFloat, dims).mutable_data<float>();
    const int64_t gather_cost = 8 * table.shape.in;  // each element of a panel's row is a cache line
    for_parts(step, ids.size(), gather_cost, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        read_row(table, id[i] < 0 ? id[i] + table.shape.out : id[i], y + i * table.shape.in);
      }
    });
  }
};

exec::Kernel compile_embedding(exec::NodeSpec& node) {
  return EmbeddingNode{node.get_int("weight")};
}

}  // namespace

void add_embedding(exec::KernelRegistry& registry) {
  registry.add(kCpuDomain, "Embedding", 1, compile_embedding);
}

}  // namespace tessera::cpu
