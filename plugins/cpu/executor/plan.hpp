/// A graph compiled to a list of kernels, and what running it needs.
///
///     Plan plan = Plan::compile(model, {.registry = registry, .weights = map_external_data});
///     Workspace workspace(plan);                       // one a thread; keeps its memory between runs
///     std::vector<Value> outputs = plan.run(workspace, inputs);
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel.hpp"

namespace tessera::exec {

/// Finds the bytes of an initializer with external data, usually as a view (`Tensor::borrow`) of a mapped
/// file. Throws Error; the plan adds the tensor's name.
using WeightSource = std::function<Tensor(const graph::Tensor&)>;

struct CompileOptions {
  const KernelRegistry* registry = nullptr;  ///< null: the standard operators; needed only while compiling
  WeightSource weights = {};                 ///< needed when the graph has external data
};

struct RunOptions {
  /// Indices of the outputs to compute; empty: all. Nodes that only serve others are skipped, and those
  /// outputs come back absent.
  std::span<const size_t> wanted = {};
  /// Asked between nodes (and by long kernels); true ends the run with Error kCancelled.
  const std::function<bool()>* cancelled = nullptr;
  void* user = nullptr;  ///< for `Context::user`
};

/// A compiled graph. Immutable: any number of threads may run it at once, each in its own Workspace.
class Plan {
 public:
  /// Compiles the main graph. Local functions are not looked into: inline them first.
  /// Throws kNotSupported with a list of ALL nodes (of subgraphs too) without a kernel; kInvalidArgument or
  /// kCorruptData for a malformed graph or attributes, with the node and its doc_string. The model is not
  /// needed afterwards.
  static Plan compile(const graph::Model& model, const CompileOptions& options = {});

  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;
  ~Plan();

  const std::vector<graph::ValueInfo>& inputs() const;  ///< in the graph's order, without pure initializers
  const std::vector<graph::ValueInfo>& outputs() const;
  size_t input_index(std::string_view name) const;   ///< throws kNotFound, names what there is
  size_t output_index(std::string_view name) const;  ///< throws kNotFound, names what there is
  size_t node_count() const;

  /// Runs the graph. `inputs` in the order of `inputs()`; an absent value takes the initializer of that name.
  /// Throws kInvalidArgument when an input is missing or disagrees with its declared dtype, rank or fixed
  /// dimensions; what kernels throw, with node and provenance; kCancelled. The workspace is fit for another
  /// run afterwards.
  std::vector<Value> run(Workspace& workspace, std::span<const Value> inputs,
                         const RunOptions& options = {}) const;
  /// The same by name; throws kNotFound for a name that is no input.
  std::map<std::string, Value> run(Workspace& workspace, const std::map<std::string, Value>& inputs,
                                   const RunOptions& options = {}) const;

 private:
  friend class Context;
  friend class PlanBuilder;
  friend class Workspace;
  struct Data;
  struct Schedule;
  explicit Plan(std::unique_ptr<Data> data);
  std::vector<Value> run_prepared(Workspace& workspace,
                                  const RunOptions& options) const;  ///< inputs are in place
  void run_schedule(Workspace& workspace, const Schedule& schedule) const;
  const Schedule& schedule_for(Workspace& workspace, std::span<const size_t> wanted) const;

  std::unique_ptr<Data> data_;
};

/// The values of one run and the memory they reuse in the next. One run at a time; must not outlive its plan.
class Workspace {
 public:
  /// `pool` may be shared with other workspaces; null: a pool of its own.
  explicit Workspace(const Plan& plan, std::shared_ptr<BufferPool> pool = nullptr);
  Workspace(Workspace&&) noexcept;
  ~Workspace();

  BufferPool& pool() const { return *pool_; }

 private:
  friend class Context;
  friend class Plan;
  const Plan::Data* data_;  ///< of its plan
  std::shared_ptr<BufferPool> pool_;
  std::vector<Value> slots_;
  std::unique_ptr<Plan::Schedule> schedule_;          ///< of the last run
  std::vector<std::unique_ptr<Workspace>> children_;  ///< of subgraphs, made at first use
  const RunOptions* options_ = nullptr;               ///< of the current run
};

/// Runs a single node of a standard operator on given inputs (constant folding). `inputs` in the node's
/// order, absent for omitted ones. Throws as Plan::compile and Plan::run do.
std::vector<Value> run_node(const graph::Node& node, std::span<const Value> inputs, int64_t opset,
                            const KernelRegistry& registry);

}  // namespace tessera::exec
