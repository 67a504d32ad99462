/// Runs models on the plugin, through the C ABI as the host calls it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/registry.hpp"
#include "tessera/sdk/graph.hpp"
#include "tests/plugins/cpu/tiny_llama.hpp"

namespace tessera::cpu {

/// The backend of the plugin that the build made.
const plugin::Backend& cpu_backend();

/// `threads` 0: as many as the plugin takes by itself.
plugin::Program compile(const graph::Model& model, const tsr_weights* weights, int threads = 0,
                        const std::string& isa = "auto");

/// The model with every function replaced by its body: what the plain executor makes of it.
graph::Model inlined(graph::Model model);

/// One token of a step.
struct Row {
  int64_t id;
  int64_t position;
  uint32_t slot = 0;
  int64_t rope_length = 0;  ///< of graphs that take it
};

/// A sequence as rows of one slot, from `position` on.
std::vector<Row> rows_of(const std::vector<int64_t>& ids, uint32_t slot = 0, int64_t position = 0);

/// Steps of a graph on slots. Every step asks for the logits of all its rows.
class SlotRunner {
 public:
  SlotRunner(const plugin::Program& program, const TinyConfig& config, uint32_t slots = 4,
             uint64_t ctx_len = 200, uint64_t max_rows = 512, plugin::OptionList options = {});
  /// Reserves what the rows need, runs them as one step; returns logits [rows, vocab].
  std::vector<float> step(const std::vector<Row>& rows);
  /// Without reserving, and with the logits of `wanted` rows only.
  std::vector<float> raw_step(const std::vector<Row>& rows, const std::vector<int64_t>& wanted);
  plugin::Session& session() { return session_; }

 private:
  TinyConfig config_;
  plugin::Session session_;
};

/// Logits [batch * seq, vocab] of a pure graph; also those of ids that share a batch.
std::vector<float> run_pure(const plugin::Program& program, const TinyConfig& config,
                            const std::vector<int64_t>& ids, const std::vector<int64_t>& positions,
                            int64_t batch = 1, const std::vector<int64_t>& rope_length = {});

/// Largest difference over the range of `expected`.
double relative_difference(const std::vector<float>& actual, const std::vector<float>& expected);

/// Ids of a text that is long enough for several blocks; the same each time.
std::vector<int64_t> sample_ids(int64_t count, int64_t vocab);

}  // namespace tessera::cpu
