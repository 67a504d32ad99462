/// An ONNX file as the host takes it: read, judged, and light copies of it for questions about its shapes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/sdk/graph.hpp"

namespace tessera {

/// The newest opset of the default domain that graphs may use.
inline constexpr int64_t kNewestOpset = 17;

/// Reads the file. Throws Error: kNotFound, kIo, kCorruptData; kNotSupported naming node and operator for a
/// newer opset or an unknown domain; kInvalidArgument for what the ONNX checker or the checks of functions
/// and of external data refuse.
graph::Model read_onnx_file(const std::filesystem::path& path);

/// A copy without functions (inlined) and without the bytes of large weights, which become inputs: for the
/// ONNX library, which asks for types alone.
graph::Model outline_of(const graph::Model& model);

/// Adds for each of `values` (tensors of any shape) an output int64 [kShapeOutputLength] that holds its
/// dimensions, padded with -1, and takes all other outputs away. Returns the new outputs' names in order.
std::vector<std::string> replace_outputs_by_shapes(graph::Model& model,
                                                   const std::vector<std::string>& values);
inline constexpr int64_t kShapeOutputLength = 32;

}  // namespace tessera
