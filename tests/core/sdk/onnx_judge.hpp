/// libonnx as the judge of models that the SDK makes: checker and strict shape
/// inference.
#pragma once

#include <onnx/onnx_pb.h>

#include <map>
#include <string>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// Runs ONNX's checker; throws onnx::checker::ValidationError. External data is not looked for.
void check(const Model& model);

/// Dtype and shape of every value as "float[batch,seq,64]" ("?" = unknown), by strict shape inference with
/// data propagation on a copy whose functions are inlined; throws onnx::InferenceError.
std::map<std::string, std::string> infer_shapes(const Model& model);

}  // namespace tessera::graph
