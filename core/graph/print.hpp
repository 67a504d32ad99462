/// A graph as text for people and for golden files: one line a value or node, stable from release to release.
///
///   ir_version 8  opset "" 17  opset tessera 1
///   metadata tessera.layers = 1
///   input input_ids int64 [batch, seq]
///   weight embed.weight float16 [512, 64] at model.safetensors + 1312, 65536 bytes
///   embed: hidden.0 float [batch, seq, 64] = tessera.Embedding(input_ids, embed.weight)  # plugin=llama
///   output logits float [batch, seq, 512]
///   function tessera.Embedding(ids, weight) -> y
///     gather: g = Gather(weight, ids) {axis=0}
///     y = Cast(g) {to=1}
#pragma once

#include <string>
#include <string_view>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

struct PrintOptions {
  bool functions = true;   ///< the bodies of local functions; false: only their signatures
  bool provenance = true;  ///< "# plugin=llama pass=kv-cache" after each node
};

/// The model as text, each line ended by '\n'. Types are the declared ones; what is not declared is not
/// printed. Any thread.
std::string print_model(const Model& model, const PrintOptions& options = {});

/// "float [batch, seq, 64]"; "?" for a dimension that is not known, no brackets without a shape.
std::string print_type(const ValueInfo& info);

}  // namespace tessera::graph
