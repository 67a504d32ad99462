/// Outputs that a pass renamed: callers go on to ask for them by the checkpoint's names.
#pragma once

#include <string>
#include <string_view>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// Key of `metadata_props`, before the output's name in the graph; the value is what it was called.
inline constexpr std::string_view kOutputWas = "tessera.output_was.";

/// Notes that the output `name` was called `was`.
inline void set_output_was(Model& model, std::string_view name, std::string_view was) {
  model.metadata_props.emplace_back(std::string(kOutputWas).append(name), was);
}

/// What the checkpoint calls the output `name`: the same where no pass renamed it.
inline std::string original_output_name(const Model& model, const std::string& name) {
  const std::string* was = find_metadata(model, std::string(kOutputWas) + name);
  return was != nullptr ? *was : name;
}

}  // namespace tessera::graph
