/// The tensor directory of a checkpoint in the C form that plugins read.
#pragma once

#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "tessera/abi.h"

namespace tessera {

/// Borrows from the checkpoint, which outlives it and stays where it is. Not movable: the C table points into
/// it.
class WeightTable {
 public:
  explicit WeightTable(const Checkpoint& checkpoint);
  WeightTable(const WeightTable&) = delete;
  WeightTable& operator=(const WeightTable&) = delete;

  const tsr_weights* c() const { return &c_; }

 private:
  std::vector<tsr_weight> weights_;
  std::vector<const tsr_weight*> items_;
  tsr_weights c_{};
};

}  // namespace tessera
