#include "constant_folding.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "plan.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::transforms {

using graph::Model;
using graph::Node;
using graph::Tensor;

namespace {

constexpr size_t kMaxResultBytes = 1024;
constexpr size_t kMaxInputBytes = 4096;  // of one node; keeps whatever an operator makes of them small, too

constexpr std::string_view kRandom[] = {"Bernoulli",        "Multinomial",   "RandomNormal",
                                        "RandomNormalLike", "RandomUniform", "RandomUniformLike"};
// Their result may be as large as their inputs' values say. The first group is measured before it is
// computed.
constexpr std::string_view kMeasured[] = {"ConstantOfShape", "Expand", "Range", "Tile"};
constexpr std::string_view kUnbounded[] = {"BlackmanWindow", "Dropout",         "EyeLike", "HammingWindow",
                                           "HannWindow",     "MelWeightMatrix", "OneHot",  "Pad",
                                           "Resize",         "Upsample"};

template <size_t N>
bool is_one_of(const std::string& op, const std::string_view (&list)[N]) {
  return std::find(std::begin(list), std::end(list), op) != std::end(list);
}

/// Elements that ConstantOfShape, Expand, Range or Tile would make, or more than may be when that is not
/// plain.
int64_t measured_elements(const Node& node, const std::vector<exec::Value>& inputs) {
  constexpr int64_t kTooMany = kMaxResultBytes + 1;
  const auto integers = [&](size_t i) { return exec::read_dims(inputs.at(i).tensor()); };
  const auto product = [&](const exec::Dims& dims, int64_t start) {
    int64_t count = start;
    for (const int64_t dim : dims) {
      if (dim < 0 || dim >= kTooMany) return kTooMany;
      count = std::min(count * dim, kTooMany);
    }
    return count;
  };
  if (node.op_type == "ConstantOfShape") return product(integers(0), 1);
  if (node.op_type == "Expand" || node.op_type == "Tile")
    return product(integers(1), inputs.at(0).tensor().size());
  for (const exec::Value& input : inputs) {  // Range
    if (input.tensor().dtype() != graph::DataType::kInt64 || input.tensor().size() != 1) return kTooMany;
  }
  const int64_t start = exec::read_integer(inputs.at(0).tensor());
  const int64_t limit = exec::read_integer(inputs.at(1).tensor());
  const bool small = std::max(std::abs(start / 2), std::abs(limit / 2)) < kTooMany;
  return small ? std::abs(limit - start) : kTooMany;
}

class Folder {
 public:
  Folder(Model& model, const sdk::Progress& progress) : model_(model), progress_(progress) {
    std::unordered_set<std::string> given;
    for (const graph::ValueInfo& input : model.graph.inputs) given.insert(input.name);
    for (const Tensor& tensor : model.graph.initializers) {
      // An initializer that is an input too is a default, which the caller may replace.
      const bool small = !tensor.external && tensor.raw_data.size() <= kMaxInputBytes;
      if (small && !given.count(tensor.name)) constants_.emplace(tensor.name, exec::from_graph(tensor));
    }
    for (const graph::ValueInfo& output : model.graph.outputs) kept_.insert(output.name);
  }

  bool run() {
    std::vector<Node> stay;
    uint64_t done = 0;
    for (Node& node : model_.graph.nodes) {
      if (++done % 256 == 0) progress_.report(done, model_.graph.nodes.size(), "folding constants");
      if (!fold(node)) stay.push_back(std::move(node));
    }
    model_.graph.nodes = std::move(stay);
    if (folded_.empty()) return false;
    add_results_in_use();
    remove_unused_constants();
    graph::remove_unused_functions(model_);
    return true;
  }

 private:
  bool fold(const Node& node) {
    if (!graph::normal_domain(node.domain).empty() || is_one_of(node.op_type, kRandom) ||
        is_one_of(node.op_type, kUnbounded)) {
      return false;
    }
    for (const graph::Attribute& attribute : node.attributes) {
      if (!attribute.graphs.empty()) return false;
    }
    std::vector<exec::Value> inputs;
    size_t bytes = 0;
    for (const std::string& name : node.inputs) {
      const auto found = constants_.find(name);
      if (!name.empty() && found == constants_.end()) return false;
      inputs.push_back(name.empty() ? exec::Value() : exec::Value(found->second));
      if (!name.empty()) bytes += found->second.size_bytes();
    }
    const bool measured = is_one_of(node.op_type, kMeasured);
    if (bytes > kMaxInputBytes) return false;
    if (measured && measured_elements(node, inputs) > static_cast<int64_t>(kMaxResultBytes)) return false;
    return compute(node, inputs);
  }

  /// True when the node's results are constants now and the node can go. A Constant becomes known but stays.
  bool compute(const Node& node, const std::vector<exec::Value>& inputs) {
    std::vector<exec::Value> results;
    try {
      const int64_t opset = graph::opset_version(model_.opset_imports, "");
      results = exec::run_node(node, inputs, opset, registry_);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kNotSupported)
        return false;  // the executor has no kernel: nothing is lost
      throw;
    }
    if (!all_small(node, results)) return false;
    size_t next = 0;
    for (const std::string& output : node.outputs) {
      if (output.empty()) continue;
      constants_.emplace(output, results[next++].tensor());
    }
    const bool stays = node.op_type == "Constant" || makes_output(node);
    if (stays) return false;
    for (const std::string& output : node.outputs) {
      if (!output.empty()) folded_.push_back(output);
    }
    return true;
  }

  static bool all_small(const Node& node, const std::vector<exec::Value>& results) {
    const auto wanted = std::count_if(node.outputs.begin(), node.outputs.end(),
                                      [](const std::string& output) { return !output.empty(); });
    if (results.size() != static_cast<size_t>(wanted)) return false;
    return std::all_of(results.begin(), results.end(), [](const exec::Value& result) {
      return result.is_tensor() && result.tensor().dtype() != graph::DataType::kString &&
             result.tensor().size_bytes() <= kMaxResultBytes;
    });
  }

  bool makes_output(const Node& node) const {
    return std::any_of(node.outputs.begin(), node.outputs.end(),
                       [&](const std::string& output) { return kept_.count(output) > 0; });
  }

  std::unordered_set<std::string> values_in_use() const {
    std::unordered_set<std::string> used = kept_;
    for (const Node& node : model_.graph.nodes) {
      graph::for_each_use(node, [&](const std::string& name) { used.insert(name); });
    }
    return used;
  }

  void add_results_in_use() {
    const std::unordered_set<std::string> used = values_in_use();
    for (const std::string& name : folded_) {
      if (used.count(name)) model_.graph.initializers.push_back(exec::to_graph(constants_.at(name), name));
    }
  }

  /// Constants, initializers inside the model and declared types that only folded nodes needed.
  void remove_unused_constants() {
    const std::unordered_set<std::string> used = values_in_use();
    std::unordered_set<std::string> gone(folded_.begin(), folded_.end());
    for (const std::string& name : used) gone.erase(name);
    std::vector<Node>& nodes = model_.graph.nodes;
    nodes.erase(std::remove_if(nodes.begin(), nodes.end(),
                               [&](const Node& node) {
                                 const bool unused = node.op_type == "Constant" && node.domain.empty() &&
                                                     node.outputs.size() == 1 && !used.count(node.outputs[0]);
                                 if (unused) gone.insert(node.outputs[0]);
                                 return unused;
                               }),
                nodes.end());
    std::vector<Tensor>& initializers = model_.graph.initializers;
    initializers.erase(
        std::remove_if(initializers.begin(), initializers.end(),
                       [&](const Tensor& tensor) { return !tensor.external && !used.count(tensor.name); }),
        initializers.end());
    std::vector<graph::ValueInfo>& infos = model_.graph.value_info;
    infos.erase(std::remove_if(infos.begin(), infos.end(),
                               [&](const graph::ValueInfo& info) { return gone.count(info.name) > 0; }),
                infos.end());
  }

  Model& model_;
  const sdk::Progress& progress_;
  const exec::KernelRegistry registry_ = exec::KernelRegistry::standard();
  std::unordered_map<std::string, exec::Tensor> constants_;
  std::unordered_set<std::string> kept_;  ///< outputs of the graph: their nodes stay
  std::vector<std::string> folded_;  ///< in the order of the graph, so that the result is always the same
};

}  // namespace

bool ConstantFolding::apply(Model& model, const sdk::TransformArgs& args) const {
  return Folder(model, args.progress).run();
}

}  // namespace tessera::transforms
