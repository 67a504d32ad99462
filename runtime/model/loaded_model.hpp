/// A checkpoint with its architecture's graph: what load makes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.hpp"
#include "core/plugin/registry.hpp"
#include "runtime/model/graph_facts.hpp"
#include "runtime/model/weight_table.hpp"
#include "tessera/model.hpp"
#include "tessera/tokenizer.hpp"

namespace tessera {

/// Stays where it is: tables point into it. One call at a time.
class LoadedModel {
 public:
  /// Opens the folder (or the id's folder in the hub cache) and builds the pure graph. Throws Error.
  LoadedModel(std::string_view folder_or_id, const LoadOptions& options);
  LoadedModel(const LoadedModel&) = delete;
  LoadedModel& operator=(const LoadedModel&) = delete;

  const PluginRegistry& registry() const { return *registry_; }
  PluginRegistry& registry() { return *registry_; }
  const Checkpoint& checkpoint() const { return checkpoint_; }
  const tsr_weights* weights() const { return weights_.c(); }
  /// The pure graph, serialized.
  const std::string& graph() const { return graph_; }
  /// Who built it, for dumps: "llama".
  const std::string& architecture() const { return info_.architecture; }
  const GraphFacts& facts() const { return facts_; }
  const ModelInfo& info() const { return info_; }
  /// Outputs of the pure graph.
  const std::vector<graph::ValueInfo>& outputs() const { return outputs_; }
  /// The last dimension of the pure graph's output `name`. Throws Error kNotSupported when it has none such.
  int64_t width_of(std::string_view name) const;
  /// Ids that end a text (runtime/generation/end_tokens.hpp).
  const std::vector<int64_t>& end_tokens() const;

  /// Null when the folder has no tokenizer; throws the error of reading one that is broken.
  const AutoTokenizer* tokenizer() const;

 private:
  void build(const LoadOptions& options);
  void describe();

  std::shared_ptr<PluginRegistry> registry_;
  Checkpoint checkpoint_;
  WeightTable weights_;
  std::string graph_;
  GraphFacts facts_;
  ModelInfo info_;
  std::vector<graph::ValueInfo> outputs_;
  // Read when they are first asked for: who gives ids and wants none ended needs neither.
  mutable std::optional<AutoTokenizer> tokenizer_;
  mutable std::optional<std::vector<int64_t>> end_tokens_;
};

/// The caller's progress function in the form that plugins are told of; refers to `progress`.
plugin::ProgressFunction plugin_progress(const ProgressFn& progress);

/// The registry of these plugin paths beside the default ones; models of the same paths share it while one
/// lives.
std::shared_ptr<PluginRegistry> shared_registry(const std::vector<std::string>& plugin_paths);

}  // namespace tessera
