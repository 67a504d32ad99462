#include "fp16_clip.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/graph/float_formats.hpp"
#include "node_writer.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/weight_nodes.hpp"
#include "weight_nodes.hpp"

namespace tessera::transforms {

using graph::DataType;
using graph::Model;
using graph::Node;

namespace {

constexpr const char* kFp16ClipPass = "fp16-clip";
constexpr float kRange = 65504;
constexpr uint64_t kPieceBytes = 4 << 20;

bool out_of_range(float value) {
  return std::abs(value) > kRange && !std::isinf(value);  // false for what is no number
}

/// Clips a tensor inside the model; true when that changed it.
bool clip_inside(graph::Tensor& tensor) {
  if (tensor.dtype != DataType::kFloat || tensor.external) return false;
  bool changed = false;
  for (size_t at = 0; at + sizeof(float) <= tensor.raw_data.size(); at += sizeof(float)) {
    float value = 0;
    std::memcpy(&value, tensor.raw_data.data() + at, sizeof value);
    if (!out_of_range(value)) continue;
    value = std::copysign(kRange, value);
    std::memcpy(tensor.raw_data.data() + at, &value, sizeof value);
    changed = true;
  }
  return changed;
}

bool clip_node(Node& node) {
  bool changed = false;
  for (graph::Attribute& attribute : node.attributes) {
    for (graph::Tensor& tensor : attribute.tensors) changed = clip_inside(tensor) || changed;
    for (graph::Graph& inner : attribute.graphs) {
      for (Node& inner_node : inner.nodes) changed = clip_node(inner_node) || changed;
    }
  }
  if (changed) graph::append_pass(node, kFp16ClipPass);
  return changed;
}

bool clip_constants(Model& model) {
  bool changed = false;
  for (Node& node : model.graph.nodes) changed = clip_node(node) || changed;
  for (graph::Function& function : model.functions) {
    for (Node& node : function.nodes) changed = clip_node(node) || changed;
  }
  for (graph::Tensor& tensor : model.graph.initializers) changed = clip_inside(tensor) || changed;
  return changed;
}

/// Whether a weight of the checkpoint has a finite value out of range. Throws for an infinite one.
bool leaves_range(const graph::Tensor& weight, const sdk::TransformArgs& args) {
  const size_t size = graph::element_size(weight.dtype);
  const graph::ExternalData& where = *weight.external;
  std::vector<float> values;
  bool found = false;
  for (uint64_t done = 0; done < where.length;) {
    const uint64_t bytes = std::min(where.length - done, kPieceBytes);
    {
      const sdk::Buffer piece = args.weights.map(where.location, where.offset + done, bytes);
      values.resize(bytes / size);
      graph::to_floats(weight.dtype, reinterpret_cast<const char*>(piece.data()), values.size(),
                       values.data());
    }
    args.weights.drop(where.location, where.offset + done, bytes);
    for (const float value : values) {
      if (std::isinf(value)) {
        throw Error(ErrorCode::kInvalidArgument, "fp16-clip: a weight of the checkpoint is infinite")
            .file(where.location)
            .key(weight.name)
            .remedy("take weights that are finite");
      }
      found = found || out_of_range(value);
    }
    done += bytes;
  }
  return found;
}

/// Weights whose type has values that float16 has not.
std::vector<graph::Tensor> wide_weights(const Model& model) {
  std::vector<graph::Tensor> weights;
  for (const graph::Tensor& tensor : model.graph.initializers) {
    const bool wide = tensor.dtype == DataType::kFloat || tensor.dtype == DataType::kBfloat16;
    if (tensor.external && wide) weights.push_back(tensor);
  }
  return weights;
}

std::string cast(WeightNodes& nodes, const std::string& value, const char* step, DataType to,
                 const std::vector<int64_t>& dims) {
  return nodes.add(value, step, "Cast", {}, {graph::int_attribute("to", static_cast<int64_t>(to))}, to, dims);
}

/// Names of those that leave the range.
std::unordered_set<std::string> weights_out_of_range(const Model& model, const sdk::TransformArgs& args) {
  const std::vector<graph::Tensor> weights = wide_weights(model);
  std::unordered_set<std::string> found;
  uint64_t done = 0;
  for (const graph::Tensor& weight : weights) {
    args.progress.report(done++, weights.size(), "reading weights");
    if (leaves_range(weight, args)) found.insert(weight.name);
  }
  return found;
}

bool clip_weights(Model& model, const sdk::TransformArgs& args) {
  const std::unordered_set<std::string> found = weights_out_of_range(model, args);
  if (found.empty()) return false;
  WeightNodes nodes(model, kFp16ClipPass);
  const std::string low = nodes.add_inside(graph::float_tensor("fp16-clip/lowest", {}, {-kRange}));
  const std::string high = nodes.add_inside(graph::float_tensor("fp16-clip/largest", {}, {kRange}));
  for (const WeightNodes::End& weight : nodes.ends()) {
    if (found.count(weight.weight) == 0 || weight.dtype == DataType::kFloat16) continue;
    std::string value = weight.value;
    if (weight.dtype != DataType::kFloat) value = cast(nodes, value, "float", DataType::kFloat, weight.dims);
    value = nodes.add(value, "clip", "Clip", {low, high}, {}, DataType::kFloat, weight.dims);
    nodes.replace(weight.value, value);
  }
  nodes.finish();
  return true;
}

}  // namespace

std::vector<sdk::OptionInfo> Fp16Clip::options() const {
  return {{"weights", sdk::ValueType::kBool, "true",
           "read the weights of the checkpoint, too; false: constants only"}};
}

bool Fp16Clip::apply(Model& model, const sdk::TransformArgs& args) const {
  const bool constants = clip_constants(model);
  return (args.options.flag("weights") && clip_weights(model, args)) || constants;
}

}  // namespace tessera::transforms
