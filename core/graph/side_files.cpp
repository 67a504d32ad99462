#include "core/graph/side_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/weight_nodes.hpp"

namespace tessera::graph {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint64_t kFileBytes = uint64_t{10} << 30;

struct Limits {
  bool split = false;  ///< all tensors of `tensor_bytes` move
  uint64_t tensor_bytes = 0, file_bytes = kFileBytes;
};

Limits limits_of(const Model& model) {
  Limits limits;
  const std::string* text = find_metadata(model, kSplitTensors);
  if (text == nullptr) return limits;
  const char* end = text->data() + text->size();
  const auto first = std::from_chars(text->data(), end, limits.tensor_bytes);
  const bool more = first.ec == std::errc() && first.ptr != end && *first.ptr == ' ';
  const auto second = more ? std::from_chars(first.ptr + 1, end, limits.file_bytes) : first;
  if (!more || second.ec != std::errc() || second.ptr != end) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is no pair of sizes in bytes", *text))
        .key(kSplitTensors);
  }
  limits.split = true;
  return limits;
}

void remove_metadata(Model& model, std::string_view key) {
  auto& props = model.metadata_props;
  props.erase(std::remove_if(props.begin(), props.end(), [&](const auto& prop) { return prop.first == key; }),
              props.end());
}

std::unordered_set<std::string> locations_of(const std::vector<WeightRecipe>& recipes) {
  std::unordered_set<std::string> locations;
  for (const WeightRecipe& recipe : recipes) {
    if (!recipe.inside) locations.insert(recipe.source.location);
  }
  return locations;
}

/// Puts recipes behind one another; a file that would grow too large is closed.
class Placement {
 public:
  explicit Placement(uint64_t file_bytes) : file_bytes_(file_bytes) {}

  ExternalData place(WeightRecipe recipe) {
    uint64_t offset = files_.empty() ? 0 : aligned(files_.back().bytes);
    if (files_.empty() || (offset > 0 && offset + recipe.bytes > file_bytes_)) {
      files_.push_back({fmt::format("model_{}.onnx.data", files_.size()), 0, {}});
      offset = 0;
    }
    SideFile& file = files_.back();
    ExternalData where{file.location, offset, recipe.bytes};
    file.bytes = offset + recipe.bytes;
    file.weights.push_back({std::move(recipe), offset});
    return where;
  }

  std::vector<SideFile> take() { return std::move(files_); }

 private:
  static uint64_t aligned(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

  uint64_t file_bytes_;
  std::vector<SideFile> files_;
};

}  // namespace

std::vector<SideFile> take_side_files(Model& model) {
  const Limits limits = limits_of(model);
  std::vector<WeightRecipe> recipes = take_weight_nodes(model);
  if (recipes.empty() && !limits.split) return {};
  const std::unordered_set<std::string> rewritten = locations_of(recipes);
  std::unordered_map<std::string, WeightRecipe*> made;
  for (WeightRecipe& recipe : recipes) made.emplace(recipe.name, &recipe);
  Placement placement(limits.file_bytes);
  for (Tensor& tensor : model.graph.initializers) {
    const auto recipe = made.find(tensor.name);
    WeightRecipe chosen = recipe == made.end() ? copy_recipe(tensor) : std::move(*recipe->second);
    const bool moves = recipe != made.end() || (limits.split && chosen.bytes >= limits.tensor_bytes) ||
                       (tensor.external && rewritten.count(tensor.external->location) > 0);
    if (!moves || chosen.bytes == 0) continue;
    tensor.raw_data.clear();
    tensor.external = std::make_unique<ExternalData>(placement.place(std::move(chosen)));
  }
  remove_metadata(model, kSplitTensors);
  return placement.take();
}

Model without_side_files(const Model& model, const std::vector<SideFile>& files) {
  std::unordered_set<std::string> made;
  for (const SideFile& file : files) made.insert(file.location);
  Model rest;
  for (const Tensor& tensor : model.graph.initializers) {
    if (tensor.external && made.count(tensor.external->location) == 0)
      rest.graph.initializers.push_back(tensor);
  }
  return rest;
}

}  // namespace tessera::graph
