/// What a graph demands of its inputs, found once at compile, checked before each step.
///
/// A step that is refused here has touched nothing: the slots are as before. What the graph says is taken
/// from how it uses an input (ids of an Embedding, positions and batch_index of an attention over slots), not
/// from its name; `logits_rows` alone is known by name, since a Gather says nothing about rows of a step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kv_blocks.hpp"
#include "tessera/sdk/backend.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::cpu {

/// The rows of one step as attention over slots sees them (empty for a graph without retained state), and its
/// sizes.
struct StepRows {
  std::map<std::string, int64_t> symbols;  ///< what the symbols of the inputs' shapes stand for: "batch" -> 3
  std::vector<int64_t> positions;          ///< [rows]; -1 = padding, which neither writes nor is read
  std::vector<uint32_t> slots;             ///< [rows]
};

class InputRules {
 public:
  InputRules() = default;
  /// Reads the rules off `graph`. Throws kNotSupported when attention nodes over slots disagree about which
  /// inputs give positions and slots, or when those are no inputs of the graph.
  explicit InputRules(const graph::Graph& graph);

  /// Names of the inputs that a caller gives: all but retained state.
  const std::vector<std::string>& inputs() const { return names_; }
  bool takes(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

  /// Throws kInvalidArgument naming input, row and value; on return `rows` holds the step. Symbols of shapes
  /// mean one number in the whole step ("batch" of two inputs). Positions of a slot continue what it holds or
  /// overwrite it; a gap is refused, since its keys would be nobody's, and so is a row that sees what its
  /// slot's ring has lost. `kv` may be null for a graph without
  /// retained state.
  void check(const sdk::RunArgs& args, const KvBlocks* kv, uint64_t max_rows, StepRows& rows) const;

 private:
  struct Rule {
    graph::ValueInfo info;
    int64_t ids_below = -1;  // ids must be in [0, ids_below); -1 = no ids
    bool positions = false;  // -1 is padding
    bool slots = false;
    bool rows_of_step = false;  // logits_rows
  };
  void find_embedding_ids(const graph::Graph& graph);
  void find_attention_inputs(const graph::Graph& graph);
  Rule* rule(const std::string& name);
  void check_shape(const Rule& rule, const sdk::TensorView& tensor,
                   std::map<std::string, int64_t>& symbols) const;
  void check_ids(const Rule& rule, const sdk::TensorView& tensor) const;
  void check_logits_rows(const sdk::TensorView& tensor, int64_t rows) const;
  void check_names(const sdk::RunArgs& args) const;
  void read_rows(const sdk::RunArgs& args, const KvBlocks& kv, StepRows& rows) const;
  void check_positions(const KvBlocks& kv, const StepRows& rows) const;
  void check_reach(const KvBlocks& kv, uint32_t slot, int64_t lowest, int64_t highest) const;

  std::vector<Rule> rules_;
  std::vector<std::string> names_;
  std::string positions_, slots_;  // inputs of attention over slots; empty = none
};

/// True for the functions whose caches the session keeps in blocks (SlotAttention, CachedAttention, windowed
/// too).
bool is_cached_attention(const graph::Node& node);

}  // namespace tessera::cpu
