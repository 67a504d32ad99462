/// ONNX models as bytes: a reader and a writer of protobuf's wire format for the types of graph.hpp.
///
/// Own code instead of protobuf: a plugin that includes this links nothing, loads in microseconds, and brings
/// no second set of ONNX descriptors into the process. Both functions are pure. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// Protobuf's readers take no message of 2 GiB or more.
inline constexpr uint64_t kMaxModelBytes = 0x7fffffff;

/// Reads a serialized onnx.ModelProto. Whatever graph.hpp does not model is kept as bytes; typed tensor
/// fields (float_data, int32_data, ...) become raw_data. It checks the encoding, not the graph's meaning.
/// Throws Error kCorruptData that names the field ("graph.node[3].attribute[0].t.raw_data") and its byte
/// offset.
Model read_model(std::string_view bytes);

/// The model as a serialized onnx.ModelProto: equal models give equal bytes, in the order of protobuf's own
/// writers. Throws kInvalidArgument when a TENSOR or GRAPH attribute does not hold exactly one value,
/// kNotSupported at 2 GiB.
std::string write_model(const Model& model);

}  // namespace tessera::graph

#ifndef TESSERA_SDK_SEPARATE
#include "tessera/sdk/bodies/wire.hpp"
#endif
