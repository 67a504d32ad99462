/// What a QAic compiler would refuse after minutes, found in seconds.
#pragma once

#include <string>
#include <vector>

#include "plugins/qaic/backend/settings.hpp"
#include "plugins/qaic/files/specializations.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::qaic {

/// One sentence for each thing that the compiler would refuse or silently do wrong, with the node or value it
/// is about; empty: nothing found.
///   operators of other domains than ONNX's and QAic's, and an opset beyond 18
///   bfloat16 weights on ai100
///   symbols of inputs that a specialization does not set
///   an output X_RetainedState without an input X of the same type and shape
///   two nodes of one name, or none, where a partition file lists them
std::vector<std::string> compiler_objections(const graph::Model& model, const Settings& settings,
                                             const std::vector<Specialization>& specializations);

/// Throws kNotSupported with all objections.
void check_for_compiler(const graph::Model& model, const Settings& settings);

}  // namespace tessera::qaic
