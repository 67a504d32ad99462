/// A loaded model's graph after the passes, compiled for a backend: what compile makes.
#pragma once

#include <string>
#include <vector>

#include "core/plugin/backend.hpp"
#include "runtime/model/loaded_model.hpp"
#include "tessera/model.hpp"

namespace tessera {

/// A value of the graph that a run can give, beside logits and retained state.
struct ExposedValue {
  std::string name;
  int64_t width;  ///< its last dimension
};

/// The graph after `passes` of `options` (else: what the backend asks for), then `expose_values`; each
/// checked. Fills `timings` with id and milliseconds of each pass when given.
std::string run_passes(const LoadedModel& model, const std::vector<Pass>& passes,
                       const CompileOptions& options,
                       std::vector<std::pair<std::string, double>>* timings = nullptr);

/// The options that reach the backend: `backend_options` with dashes for underscores, and those of the named
/// fields that are set; the former win.
plugin::OptionList backend_options(const plugin::Backend& backend, const CompileOptions& options);

/// The graph after the passes (`bytes`) as the backend takes it: calls that it has no kernel for are inlined,
/// and the passes stand in its metadata.
std::string graph_for_backend(const LoadedModel& model, const plugin::Backend& backend,
                              const std::vector<Pass>& passes, const std::string& bytes);

/// The passes that a compilation with `options` runs: those it names, else what the backend asks for.
std::vector<Pass> passes_for(const LoadedModel& model, const CompileOptions& options);

/// Movable. The model it is made from outlives it.
class CompiledModel {
 public:
  /// Throws Error.
  CompiledModel(LoadedModel& model, const CompileOptions& options);
  /// The same after exactly `passes`, perhaps none; `options.passes` does not count.
  CompiledModel(LoadedModel& model, const CompileOptions& options, const std::vector<Pass>& passes);

  const plugin::Program& program() const { return program_; }
  const CompileInfo& info() const { return info_; }
  /// True for the pure graph: whole sequences in, no slots.
  bool stateless() const { return stateless_; }
  const std::vector<ExposedValue>& exposed() const { return exposed_; }
  /// The graph after the passes, before the backend took it.
  const graph::Model& graph() const { return graph_; }
  /// The compiled graph's inputs and outputs, retained state too.
  const std::vector<graph::ValueInfo>& inputs() const { return graph_.graph.inputs; }
  const std::vector<graph::ValueInfo>& outputs() const { return graph_.graph.outputs; }

 private:
  plugin::Program compile(LoadedModel& model, const CompileOptions& options, const std::vector<Pass>& passes);

  CompileInfo info_;
  bool stateless_;
  std::vector<ExposedValue> exposed_;
  graph::Model graph_;
  plugin::Program program_;
};

}  // namespace tessera
