/// Compiles a graph into the data of a Plan. One builder a graph; a body's builder knows the one around it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan_data.hpp"

namespace tessera::exec {

class PlanBuilder {
 public:
  /// `around` and `around_node`: for a body, the builder of the graph that holds it and the node it belongs
  /// to.
  PlanBuilder(const std::vector<graph::OpsetId>& opsets, const CompileOptions& options,
              const KernelRegistry& registry, PlanBuilder* around = nullptr, NodeSpec* around_node = nullptr);

  Plan build(const graph::Graph& graph);

  /// Throws kNotSupported that lists every node of `graph` and its bodies without a kernel.
  void require_kernels(const graph::Graph& graph) const;

  /// The slot of a value, -1 when nothing of that name is in scope. A value of the graph around becomes a
  /// capture.
  int32_t find_slot(const std::string& name);
  const Tensor* constant(int32_t slot) const;
  Subgraph compile_subgraph(const graph::Graph& body, NodeSpec& node);

  /// For a body: (own slot, slot of the graph around).
  const std::vector<std::pair<size_t, int32_t>>& captures() const { return captures_; }

 private:
  int64_t opset_of(const std::string& domain) const;
  int32_t add_slot(const std::string& name);
  void add_inputs(const graph::Graph& graph);
  void add_initializer(const graph::Tensor& tensor);
  void add_node(const graph::Node& node);
  void add_outputs(const graph::Graph& graph);
  void drop_consumed_constants();
  void list_unsupported(const graph::Graph& graph, std::vector<std::string>& list) const;

  const std::vector<graph::OpsetId>& opsets_;
  const CompileOptions& options_;
  const KernelRegistry& registry_;
  PlanBuilder* around_;
  NodeSpec* around_node_;
  std::unique_ptr<Plan::Data> data_ = std::make_unique<Plan::Data>();
  std::unordered_map<std::string, int32_t> slots_;
  std::vector<std::pair<size_t, int32_t>> captures_;
  size_t subgraph_count_ = 0;
};

}  // namespace tessera::exec
