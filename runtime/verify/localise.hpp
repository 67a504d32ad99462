/// From a layer that deviates to the node that does it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/model/compiled_model.hpp"
#include "runtime/verify/stage_runner.hpp"
#include "tessera/verify.hpp"

namespace tessera {

/// Values by token ([batch, seq, width...] of float) that lead to `bad` and not to `good` (empty: to
/// nothing), in the order of `staged`; both graphs make them under the same names. `bad` is the last of them.
std::vector<std::string> values_between(const graph::Graph& pure, const graph::Graph& staged,
                                        const std::string& good, const std::string& bad);

/// The node of `staged` that is to blame when `value` is the first of `compared` that deviates: its maker,
/// or before it a node that `pass` added or changed and whose own values were not compared. Null when
/// nothing makes `value`.
const graph::Node* blamed_node(const graph::Graph& staged, const std::string& value,
                               const std::vector<std::string>& compared, std::string_view pass);

}  // namespace tessera
