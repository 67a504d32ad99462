/// A graph under construction together with the checkpoint that its weights come from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/blocks/checkpoint_tensors.hpp"
#include "tessera/sdk/builder.hpp"

namespace tessera::blocks {

/// What every block takes first. Scopes of the graph are the modules of the checkpoint: in the scope
/// "layers.3", then "self_attn", the weight "q_proj.weight" is the tensor
/// "<prefix>layers.3.self_attn.q_proj.weight".
class ModelBuilder {
 public:
  /// `prefix` is what all module names of the checkpoint start with: "model.", or nothing.
  ModelBuilder(std::string_view plugin, const sdk::Weights& weights, std::string prefix)
      : graph(plugin, "main"), tensors(weights), prefix_(std::move(prefix)) {}

  /// What module names of the checkpoint start with from here on: heads stand beside the base model.
  void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }

  [[nodiscard]] graph::GraphBuilder::Scope scope(std::string_view name) { return graph.scope(name); }

  /// The tensor `name` of the module we are in.
  graph::Value weight(std::string_view name, const std::vector<int64_t>& dims, std::string_view keys) {
    return tensors.take(graph, tensor_name(name), dims, keys);
  }
  /// True when the checkpoint has the tensor `name` of the module we are in.
  bool has(std::string_view name) const { return tensors.has(tensor_name(name)); }

  graph::GraphBuilder graph;
  CheckpointTensors tensors;

 private:
  std::string tensor_name(std::string_view name) const {
    std::string path = graph.path();
    for (char& letter : path) letter = letter == '/' ? '.' : letter;
    return prefix_ + path + std::string(name);
  }

  std::string prefix_;
};

}  // namespace tessera::blocks
