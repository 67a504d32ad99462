/// Inputs and outputs of a graph as bindings of a program: types by precision, shapes by specialization.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "inputs.hpp"
#include "plugins/qaic/qpc/network_desc.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::qaic::standin {

struct IoChoices {
  std::vector<Specialization> specializations;    ///< empty: a graph of known shapes
  std::map<std::string, std::string> precisions;  ///< the custom I/O list
  bool retained_state = false;                    ///< pairs X, X_RetainedState stay on the card
};

/// The name of the input whose state this output is; empty when it is none.
std::string state_input_of(const std::string& output);

/// Bindings and allowed shapes. Throws kInvalidArgument or kNotSupported naming input or output: a dim whose
/// symbol has no value, a type that no binding has, a name of the custom I/O list that the graph lacks, a
/// state whose shape differs between specializations or between input and output.
NetworkDesc bindings_of(const graph::Model& model, const IoChoices& choices);

}  // namespace tessera::qaic::standin
