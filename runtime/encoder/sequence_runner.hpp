/// Whole sequences through a stateless graph: packed behind one another where the graph takes rows, else one
/// at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "runtime/model/compiled_model.hpp"
#include "tessera/model.hpp"

namespace tessera {

/// One text as tokens.
struct TokenSequence {
  std::vector<int64_t> ids;
  std::vector<int64_t> type_ids;  ///< as many
  /// Positions whose `logits` are wanted, where logits are by token; empty: all.
  std::vector<int64_t> logits_positions = {};
};

struct RunControl {
  ProgressFn progress = {};
  std::stop_token cancel = {};
};

/// One call at a time. Results do not depend on what runs side by side: bit for bit where the backend
/// promises `bits.shape_invariant`.
class SequenceRunner {
 public:
  /// For a graph without retained state; `compiled` outlives it. Throws Error kNotSupported.
  explicit SequenceRunner(const CompiledModel& compiled);

  /// For each sequence the outputs `names` (the checkpoint's, or the graph's) in that order: [tokens, width]
  /// for those by token ([tokens] where the graph has no width), [width] for those by sequence. Throws Error.
  std::vector<std::vector<NamedTensor>> run(std::span<const TokenSequence> sequences,
                                            const std::vector<std::string>& names, const RunControl& control);

 private:
  struct Batch;  // the rows of one step
  using Result = std::vector<std::vector<NamedTensor>>;

  const graph::ValueInfo& output(const std::string& name) const;
  void run_packed(std::span<const TokenSequence> sequences, const std::vector<std::string>& names,
                  std::span<std::vector<NamedTensor>> results);
  std::vector<NamedTensor> run_whole(const TokenSequence& sequence, const std::vector<std::string>& names);
  plugin::Session& session(size_t rows);

  const CompiledModel& compiled_;
  bool packed_ = false;
  size_t session_rows_ = 0;
  std::unique_ptr<plugin::Session> session_;
};

}  // namespace tessera
