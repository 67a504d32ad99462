#include "core/graph/graph_checker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/graph/functions_check.hpp"
#include "core/graph/onnx_library.hpp"
#include "core/graph/representative.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::graph {
namespace {

/// The node of the graph that `name` is or lies in: "layers.0/attn/scores" leads to the call "layers.0/attn".
const Node* find_node(const Model& model, std::string name) {
  while (!name.empty()) {
    for (const Node& node : model.graph.nodes) {
      if (describe(node) == name) return &node;
    }
    const size_t slash = name.rfind('/');
    name.resize(slash == std::string::npos ? 0 : slash);
  }
  return nullptr;
}

std::string maker_of(const Node& node) {
  const Provenance provenance = read_provenance(node.doc_string);
  std::string text = fmt::format("node '{}' was made by plugin {}", describe(node),
                                 provenance.plugin.empty() ? "unknown" : provenance.plugin);
  if (provenance.passes.empty()) return text;
  return text + fmt::format(", changed by {}", fmt::join(provenance.passes, ", "));
}

[[noreturn]] void report(const Model& model, const char* judge, const OnnxComplaint& complaint) {
  Error error(ErrorCode::kInvalidArgument, fmt::format("{}: {}", judge, complaint.message));
  if (const Node* node = find_node(model, complaint.node)) {
    error.add_node(describe(*node));
  } else {
    error.add_node(complaint.node);
  }
  throw error;
}

void check_provenance(const Model& model) {
  for (const Node& node : model.graph.nodes) {
    if (!read_provenance(node.doc_string).plugin.empty()) continue;
    throw Error(ErrorCode::kInvalidArgument, "the node does not say which plugin made it")
        .node(describe(node))
        .remedy("write 'plugin=<id>' into its doc_string; a pass keeps it and appends ' pass=<id>'");
  }
}

void check_model(const Model& model, std::string_view bytes, const CheckOptions& options) {
  check_provenance(model);
  check_functions(model);
  check_weights(model, options.file_sizes);
  OnnxComplaint complaint;
  if (!passes_onnx_checker(bytes, complaint)) report(model, "onnx checker", complaint);
  Model inlined = representative(model);
  inline_functions(inlined);
  if (!passes_shape_inference(inlined, complaint)) report(model, "shape inference", complaint);
}

}  // namespace

Model check_graph(std::string_view bytes, const CheckOptions& options) {
  Model model = read_model(bytes);
  try {
    check_model(model, bytes, options);
  } catch (Error& error) {
    if (const Node* node = find_node(model, error.node_name())) error.add_context(maker_of(*node));
    throw;
  }
  return model;
}

}  // namespace tessera::graph
