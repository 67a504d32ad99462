/// What libonnx says of a model: its checker and its shape inference. Only the .cpp of this header knows
/// libonnx.
///
/// Weights with external data are shown to it as inputs of the graph: its checker would look for the files
/// (in the working directory, when nobody tells it otherwise), and what it does not check about them,
/// core/graph/weights_check does. The first call in a process costs about 8 ms more, for libonnx's table of
/// operators.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// What libonnx complains about: its words on one line, and the node that it names ("" when it names none).
struct OnnxComplaint {
  std::string message;
  std::string node;
};

/// Runs the checker on a serialized onnx.ModelProto, functions included. True when it has nothing to say;
/// else `complaint` is filled. Any thread.
bool passes_onnx_checker(std::string_view model, OnnxComplaint& complaint);

/// Runs strict shape inference with type check and data propagation. The model must have no local functions:
/// with them libonnx 1.12 loses shapes that come from constants. Same result as above. Any thread.
bool passes_shape_inference(const Model& inlined, OnnxComplaint& complaint);

/// The graph's outputs with the shapes that inference finds for the inputs' declared ones, data propagated;
/// an output whose shape it does not find comes back without one. For a model without local functions and
/// external data. Never fails on a graph that passes_onnx_checker() takes. Any thread.
std::vector<ValueInfo> infer_outputs(const Model& inlined);

/// Builds libonnx's table of operators (8 ms, once a process): for a thread that has time while others load.
void warm_up_onnx();

}  // namespace tessera::graph
