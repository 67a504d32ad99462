/// The insides of a compiled plan, for the files of the executor that build and run it.
#pragma once

#include <string>
#include <vector>

#include "plan.hpp"

namespace tessera::exec {

/// One node of a plan. Values are dense indices ("slots") into `Workspace::slots_`.
struct PlanNode {
  Kernel kernel;
  std::vector<int32_t> inputs;    ///< -1: omitted, or consumed by the kernel
  std::vector<int32_t> outputs;   ///< -1: omitted
  std::vector<int32_t> captured;  ///< slots that the node's bodies read
  std::vector<bool> unaligned;    ///< by input: an unaligned view is welcome
  std::string name, op_type, doc_string;
};

struct Plan::Data {
  std::vector<PlanNode> nodes;
  std::vector<graph::ValueInfo> inputs, outputs;
  std::vector<int32_t> input_slots, output_slots;
  std::vector<Value> constants;       ///< by slot; absent for values that are computed
  std::vector<int32_t> producers;     ///< by slot: the node that makes it, or -1
  std::vector<Value> input_defaults;  ///< by input: the initializer of that name, or absent
};

/// Which nodes run for a set of wanted outputs, and when each value is let go.
struct Plan::Schedule {
  struct Step {
    uint32_t node;
    uint32_t first_released, last_released;  ///< range in `released`
  };
  std::vector<size_t> wanted;  ///< sorted as given; empty: all
  std::vector<Step> steps;
  std::vector<int32_t> released;
};

/// "MatMul 'layers.0/q_proj' (plugin=llama)": how messages name a node.
std::string describe_node(std::string_view op_type, std::string_view name, std::string_view doc_string);

}  // namespace tessera::exec
