/// A row of an output on its way from a compiled shape to the caller's tensor, which may be smaller.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/sdk/backend.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::qaic {

/// Product of the dims; 1 for a scalar.
int64_t element_count(const std::vector<int64_t>& dims);

/// A tensor of a compiled shape.
struct CompiledTensor {
  const std::string& name;
  graph::DataType dtype;
  const std::vector<int64_t>& dims;
  const uint8_t* data;
};

/// Copies row `from` of `source` to row `to` of `target`, of each further axis as much as the target has, and
/// converts elements. Throws kInvalidArgument for a target of another rank, with more of an axis, too few
/// bytes, or of a type that there is no way to.
void copy_row(const CompiledTensor& source, int64_t from, const sdk::TensorView& target, int64_t to);

}  // namespace tessera::qaic
