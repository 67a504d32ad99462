/// Which initializers are weights of MatMul, for -mxfp6-matmul.
#pragma once

#include <map>
#include <string>

#include "tessera/sdk/graph.hpp"

namespace tessera::qaic::standin {

/// By initializer: the axis over which products are summed up, along which blocks lie.
using MatmulWeights = std::map<std::string, size_t>;

/// Initializers of rank 2 and more that are the second factor of a MatMul, as they are or through Cast,
/// Identity and Transpose. One that serves something else, too (an embedding that is tied to the head), gets
/// a copy `<name>.mxfp6` for the MatMul, which alone is listed.
MatmulWeights separate_matmul_weights(graph::Graph& graph);

}  // namespace tessera::qaic::standin
