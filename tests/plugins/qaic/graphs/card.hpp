/// Runs graphs as the card runs its programs: state stays with it, a call gives ids, positions and slots.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/backend.hpp"
#include "plugins/qaic/files/graph_passes.hpp"
#include "runtime/model/loaded_model.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::qaic {

/// A folder of tests/data/models, loaded once in the process.
LoadedModel& tiny_model(const std::string& name);

/// The model's graph after the passes, each checked by the host.
graph::Model graph_after(LoadedModel& model, const std::vector<GraphPass>& passes);

/// One row of a call, padded with position -1 to the longest.
struct CardRow {
  std::vector<int64_t> ids, positions;
  int64_t slot = 0;
};

struct CardCall {
  std::vector<CardRow> rows;
  int64_t keep = 0;    ///< length of num_logits_to_keep; 0: the graph has no such input
  int64_t length = 0;  ///< length of comp_ctx_lengths; 0: no such input
  int64_t seq = 0;     ///< columns; 0: those of the longest row
};

class Card {
 public:
  /// `inlined`: every function is replaced by its body, so that plain ONNX decides what an index means.
  Card(LoadedModel& model, graph::Model graph, int64_t slots, int64_t ctx_len, bool inlined = false);

  /// Logits of each row, [kept positions * vocab].
  std::vector<std::vector<float>> run(const CardCall& call);
  /// Of a graph with a sampler: the token of each row at temperature 0, without penalties.
  std::vector<int64_t> next_tokens(const CardCall& call);
  const std::vector<float>& state(const std::string& name) const { return states_.at(name).values; }

 private:
  struct State {
    std::vector<int64_t> dims;
    std::vector<float> values;
  };
  /// Seen tokens of a sampler.
  struct Buffer {
    std::vector<int64_t> dims;
    std::vector<uint8_t> values;
  };

  void run_into(const CardCall& call, const plugin::RunTensor& output);

  graph::Model graph_;
  int64_t vocab_;
  std::map<std::string, State> states_;
  std::map<std::string, Buffer> buffers_;
  std::optional<plugin::Program> program_;
  std::optional<plugin::Session> session_;
};

/// Logits [ids, vocab] of the pure graph for the whole sequence at once.
std::vector<float> pure_logits(LoadedModel& model, const std::vector<int64_t>& ids);

/// Ids that look random, the same each time.
std::vector<int64_t> sample_ids(int64_t count, int64_t seed = 0);

}  // namespace tessera::qaic
