#include "plugins/qaic/backend/preflight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "plugins/qaic/backend/compile_folder.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/weight_nodes.hpp"

namespace tessera::qaic {
namespace {

constexpr int64_t kNewestOpset = 18;  // what Efficient Transformers exports
constexpr std::string_view kRetained = "_RetainedState";

class Preflight {
 public:
  Preflight(const graph::Model& model, const Settings& settings,
            const std::vector<Specialization>& specializations)
      : model_(model), settings_(settings), specializations_(specializations) {}

  std::vector<std::string> objections() {
    check_operators();
    check_weights();
    check_symbols();
    check_states();
    check_partitions();
    return std::move(found_);
  }

 private:
  template <class... Args>
  void object(fmt::format_string<Args...> format, Args&&... args) {
    found_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void check_operators() {
    const int64_t opset = graph::opset_version(model_.opset_imports, "");
    if (opset > kNewestOpset)
      object("the graph has opset {}, no QAic compiler is known to take more than {}", opset, kNewestOpset);
    std::set<std::string> told;
    graph::for_each_node(model_.graph, [&](const graph::Node& node) {
      const bool known = graph::normal_domain(node.domain).empty() || node.domain == "com.qualcomm.cloud" ||
                         node.domain == "com.qti.aisw.onnx";
      if (known || !told.insert(graph::qualified_op(node)).second) return;
      object("'{}' is an operator of domain '{}', which the compiler does not know (first at '{}', {})",
             node.op_type, node.domain, graph::describe(node), node.doc_string);
    });
  }

  /// Those that a weight node changes are not written as they are.
  void check_weights() {
    if (settings_.hardware == "ai200") return;
    const graph::ValueIndex index(model_.graph);
    for (const graph::Tensor& tensor : model_.graph.initializers) {
      if (tensor.dtype != graph::DataType::kBfloat16) continue;
      const std::vector<size_t>& readers = index.consumers(tensor.name);
      const bool changed = std::all_of(readers.begin(), readers.end(), [&](size_t reader) {
        return graph::is_weight_node(model_.graph.nodes[reader]);
      });
      if (changed) continue;
      object("the weight '{}' is bfloat16, which {} does not take: list the pass 'fp16'", tensor.name,
             settings_.hardware);
      return;
    }
  }

  void check_symbols() {
    std::set<std::string> symbols;
    for (const graph::ValueInfo& input : model_.graph.inputs) {
      for (const graph::Dimension& dim : input.shape) {
        if (!dim.symbol.empty()) symbols.insert(dim.symbol);
        if (dim.symbol.empty() && dim.value < 0)
          object("the input '{}' has a dimension without a size or symbol", input.name);
      }
    }
    for (const Specialization& entry : specializations_) {
      for (const std::string& symbol : symbols) {
        const bool set = std::any_of(entry.symbols.begin(), entry.symbols.end(),
                                     [&](const auto& known) { return known.first == symbol; });
        if (!set)
          object("the specialization '{}' does not set '{}', a symbol of the graph", entry.name, symbol);
      }
    }
  }

  static std::string type_text(const graph::ValueInfo& value) {
    std::string text = std::to_string(static_cast<int>(value.dtype));
    for (const graph::Dimension& dim : value.shape) text += fmt::format(" {}{}", dim.value, dim.symbol);
    return text;
  }

  void check_states() {
    for (const graph::ValueInfo& output : model_.graph.outputs) {
      if (!output.name.ends_with(kRetained)) continue;
      const std::string state = output.name.substr(0, output.name.size() - kRetained.size());
      const auto& inputs = model_.graph.inputs;
      const auto input =
          std::find_if(inputs.begin(), inputs.end(), [&](const auto& value) { return value.name == state; });
      if (input == inputs.end())
        object("'{}' retains no input: there is no '{}'", output.name, state);
      else if (type_text(*input) != type_text(output))
        object("'{}' has another type or shape than '{}'", output.name, state);
    }
  }

  void check_partitions() {
    if (settings_.mdp_num_partitions == 1 || !settings_.partition_file.empty()) return;
    std::unordered_set<std::string> names;
    for (const graph::Node& node : model_.graph.nodes) {
      if (node.name.empty()) object("a node '{}' has no name to list in a partition", graph::describe(node));
      if (!names.insert(node.name).second) object("two nodes are named '{}'", node.name);
    }
  }

  const graph::Model& model_;
  const Settings& settings_;
  const std::vector<Specialization>& specializations_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> compiler_objections(const graph::Model& model, const Settings& settings,
                                             const std::vector<Specialization>& specializations) {
  return Preflight(model, settings, specializations).objections();
}

void check_for_compiler(const graph::Model& model, const Settings& settings) {
  const std::vector<std::string> found =
      compiler_objections(model, settings, specializations_of(facts_of(model), settings));
  if (found.empty()) return;
  throw Error(ErrorCode::kNotSupported,
              fmt::format("the QAic compiler would refuse this: {}", fmt::join(found, "; ")));
}

}  // namespace tessera::qaic
