/// What a compiled program can be run with, read off its bindings.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plugins/qaic/qpc/io_desc.hpp"

namespace tessera::qaic {

/// Retained state X has an input X and an output X_RetainedState; the card keeps it, the host skips both.
struct StatePair {
  size_t input, output;  ///< indices of bindings
};

/// The sizes of one compiled shape that a caller can see.
struct ShapeSizes {
  size_t index = 0;        ///< in allowed_shapes
  int64_t rows = 1;        ///< batch
  int64_t columns = 1;     ///< tokens of a row
  int64_t logits = 1;      ///< positions of a decoder's row whose logits come back
  int64_t key_length = 0;  ///< of comp_ctx_lengths: positions that it can look at; 0: all
};

class CompiledShapes {
 public:
  /// Throws kCorruptData for bindings that contradict one another, kNotSupported for a program without
  /// `input_ids`.
  explicit CompiledShapes(IoDesc io);

  const std::vector<IoBinding>& bindings() const { return io_.selected_set.bindings; }
  /// Null when there is none of that name.
  const IoBinding* find(const std::string& name) const;
  bool is_state(size_t binding) const { return state_[binding]; }
  bool has_state() const { return !pairs_.empty(); }
  /// Shape of binding `binding` in shape `index`.
  const std::vector<int64_t>& dims(size_t index, size_t binding) const;

  const std::vector<ShapeSizes>& sizes() const { return sizes_; }
  int64_t slots() const { return slots_; }      ///< rows of the states; 0: no state
  int64_t ctx_len() const { return ctx_len_; }  ///< positions of a slot; 0: no state
  uint64_t state_bytes() const { return state_bytes_; }
  /// Rows name their slot; else row b is slot b.
  bool has_slots_input() const { return find("batch_index") != nullptr; }

  struct Wish {
    int64_t rows, columns;
    int64_t logits = 1;
    int64_t last_position = -1;  ///< the largest of the call
  };
  /// The smallest shape that holds a call; with more rows than any has, the one with most rows. Throws
  /// kInvalidArgument that lists what there is.
  const ShapeSizes& choose(const Wish& wish) const;

  /// Pairs (rows, columns) of one logit a row and several columns; without such, those of one column.
  std::vector<int64_t> prefill() const;
  std::vector<int64_t> decode() const;  ///< rows of the shapes with one column
  std::vector<int64_t> verify()
      const;  ///< pairs (rows, columns) of those with a logit for each of several columns
  /// "[1, 32], [4, 1]".
  std::string text() const;

 private:
  void check_shapes() const;
  void find_states();
  void read_sizes();

  IoDesc io_;
  std::map<std::string, size_t> index_;
  std::vector<bool> state_;
  std::vector<StatePair> pairs_;
  std::vector<ShapeSizes> sizes_;
  int64_t slots_ = 0, ctx_len_ = 0;
  uint64_t state_bytes_ = 0;
};

}  // namespace tessera::qaic
