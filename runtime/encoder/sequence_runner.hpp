/// Whole sequences through a stateless graph: packed behind one another where the graph takes rows; padded
/// side by side where the program has compiled shapes, those of one length together; else one at a time.
#pragma once

#include <cstdint>
#include <map>
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
  struct Batch;  // the rows of one packed step
  struct Rows;   // the rows of one padded call
  using Result = std::vector<std::vector<NamedTensor>>;
  using Group = std::vector<const TokenSequence*>;

  const graph::ValueInfo& output(const std::string& name) const;
  /// Which sequences run in one call.
  static std::vector<std::vector<size_t>> packed_calls(std::span<const TokenSequence> sequences);
  std::vector<std::vector<size_t>> padded_calls(std::span<const TokenSequence> sequences) const;
  Result run_packed(const Group& sequences, const std::vector<std::string>& names);
  Result run_padded(const Group& sequences, const std::vector<std::string>& names);
  plugin::Session& session(size_t rows);

  const CompiledModel& compiled_;
  bool packed_ = false;
  std::map<int64_t, int64_t> compiled_rows_;  ///< length -> rows; empty: any shape, one sequence at a time
  size_t session_rows_ = 0;
  std::unique_ptr<plugin::Session> session_;
};

}  // namespace tessera
