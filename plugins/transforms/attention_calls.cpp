#include "attention_calls.hpp"

#include <string>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/functions.hpp"

namespace tessera::transforms {

using graph::Node;

namespace {

bool is_kind(const Node& node, AttentionKind kind) {
  return graph::is_tessera(node, kind.plain) || graph::is_tessera(node, kind.windowed);
}

}  // namespace

std::vector<Node*> find_attention(graph::Model& model, AttentionKind kind) {
  std::vector<Node*> calls;
  for (Node& node : model.graph.nodes) {
    if (is_kind(node, kind)) calls.push_back(&node);
    for (const graph::Attribute& attribute : node.attributes) {
      for (const graph::Graph& inner : attribute.graphs) {
        graph::for_each_node(inner, [&](const Node& hidden) {
          if (!is_kind(hidden, kind)) return;
          throw Error(ErrorCode::kNotSupported, "attention inside a subgraph cannot have a cache")
              .node(graph::describe(hidden))
              .remedy("build the graph so that attention stands in the main graph");
        });
      }
    }
  }
  return calls;
}

void retarget(Node& call, AttentionKind from, AttentionKind to) {
  call.op_type = call.op_type == from.windowed ? to.windowed : to.plain;
}

void swap_functions(graph::Model& model, AttentionKind to) {
  for (const std::string_view name : {to.plain, to.windowed}) {
    const graph::Function* function = graph::find_canonical(name);
    if (!function) throw Error(ErrorCode::kInternal, "the SDK has no function '" + std::string(name) + "'");
    graph::add_function(model, *function);
  }
  graph::remove_unused_functions(model);
}

}  // namespace tessera::transforms
