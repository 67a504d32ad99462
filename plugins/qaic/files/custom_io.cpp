#include "plugins/qaic/files/custom_io.hpp"

#include <fmt/format.h>

#include <string_view>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr std::string_view kRetained = "_RetainedState";

std::string_view precision(StateType type) {
  switch (type) {
    case StateType::kMxint8:
      return "mxint8";
    case StateType::kBfloat16:
      return "bfloat16";
    case StateType::kFloat16:
      break;
  }
  return "float16";
}

void check_pairs(const graph::Graph& graph) {
  for (const graph::ValueInfo& output : graph.outputs) {
    const size_t length = output.name.size();
    if (length <= kRetained.size() || output.name.substr(length - kRetained.size()) != kRetained) continue;
    if (graph::has_input(graph, output.name.substr(0, length - kRetained.size()))) continue;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the graph retains '{}' but has no input of that name", output.name))
        .key(output.name);
  }
}

}  // namespace

std::string custom_io_yaml(const graph::Graph& graph, StateType type) {
  check_pairs(graph);
  std::string text;
  for (const graph::ValueInfo& input : graph.inputs) {
    const std::string retained = input.name + std::string(kRetained);
    // Buffers of a sampler are bool: they have no precision.
    if (!graph::has_output(graph, retained) || input.dtype == graph::DataType::kBool) continue;
    for (const std::string& name : {input.name, retained})
      text += fmt::format(" - IOName: {}\n   Precision: {}\n\n", name, precision(type));
  }
  return text;
}

}  // namespace tessera::qaic
