/// A serialized model that a plugin answered: checked as far as its encoding goes, so that garbage is blamed
/// on its maker. What it means is checked by the graph checker.
#pragma once

#include <string>

#include "core/plugin/call.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::plugin {

inline std::string take_model(const LoadedPlugin& plugin, const Doing& doing, const tsr_buffer& buffer) {
  const sdk::Buffer taken = take(plugin, doing, buffer, graph::kMaxModelBytes);
  if (taken.size() == 0) throw misbehaves(plugin, doing, "it answers success without a model");
  try {
    graph::read_model(taken.text());
  } catch (const Error& error) {
    throw misbehaves(plugin, doing, "it answers bytes that are no onnx model: " + error.message());
  }
  return std::string(taken.text());
}

}  // namespace tessera::plugin
