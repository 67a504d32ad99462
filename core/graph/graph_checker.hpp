/// The host's judgement of a graph: run on what an architecture builds and on what each pass makes.
#pragma once

#include <string>
#include <string_view>

#include "core/graph/weights_check.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

struct CheckOptions {
  FileSizes file_sizes = {};  ///< empty: ranges of external data are not compared with files
};

/// Checks a serialized onnx.ModelProto, in this order:
/// 1. it can be read, and every node of the main graph says which plugin made it (`plugin=` in its
/// doc_string);
/// 2. functions and their calls (functions_check.hpp);
/// 3. external data (weights_check.hpp);
/// 4. libonnx's checker;
/// 5. strict shape inference on a copy with all functions inlined, which the types declared in the graph must
/// bear. Returns the model as read. Throws Error naming the node of `model` (not of an inlined body) and, as
/// context, the plugin and passes that made it. Any thread. A first call costs 8 ms more (libonnx's table of
/// operators).
Model check_graph(std::string_view model, const CheckOptions& options = {});

}  // namespace tessera::graph
