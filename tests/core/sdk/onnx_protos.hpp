/// Models made with libonnx's own classes, and libonnx's view of bytes: what the wire tests compare with.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <string_view>

namespace tessera::graph {

/// A model in which every field of onnx.proto that graph.hpp knows is used: all attribute types, If and Loop
/// with subgraphs, tensors of every element type in typed and raw form, external data, functions, metadata.
onnx::ModelProto model_with_everything();

/// Parses bytes with protobuf; fails the test when it cannot.
onnx::ModelProto parse(std::string_view bytes);

/// The one form of a model that means the same: typed tensor fields folded into raw_data, empty texts left
/// out.
void normalise(onnx::ModelProto& model);

/// Protobuf's bytes of a model after `normalise`: equal for models that mean the same.
std::string normal_bytes(onnx::ModelProto model);

}  // namespace tessera::graph
