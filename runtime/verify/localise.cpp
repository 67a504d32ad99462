#include "runtime/verify/localise.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "tessera/sdk/edit.hpp"

namespace tessera {
namespace {

/// Indices of the nodes that `value` depends on, its maker included; search ends at `stops`.
std::unordered_set<size_t> makers_of(const graph::Graph& graph, const graph::ValueIndex& index,
                                     const std::string& value, const std::unordered_set<std::string>& stops) {
  std::unordered_set<size_t> found;
  std::vector<std::string> open = {value};
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    const size_t maker = index.producer(name);
    if (maker == graph::ValueIndex::kNone || !found.insert(maker).second) continue;
    graph::for_each_use(graph.nodes[maker], [&](const std::string& used) {
      if (!stops.count(used)) open.push_back(used);
    });
  }
  return found;
}

using Declared = std::unordered_map<std::string, const graph::ValueInfo*>;

Declared declared_values(const graph::Graph& graph) {
  Declared values;
  for (const std::vector<graph::ValueInfo>* list : {&graph.outputs, &graph.value_info}) {
    for (const graph::ValueInfo& info : *list) values.emplace(info.name, &info);
  }
  return values;
}

/// Float, first a row a token or [batch, seq], then fixed dimensions: comparable from stage to stage.
bool by_token(const Declared& declared, const std::string& name) {
  const auto found = declared.find(name);
  if (found == declared.end()) return false;
  const graph::ValueInfo& info = *found->second;
  if (info.dtype != graph::DataType::kFloat || !info.has_shape || info.shape.size() < 3) return false;
  if (info.shape[0].symbol.empty()) return false;
  if (info.shape[1].symbol.empty() && info.shape[1].value != 1) return false;
  return std::all_of(info.shape.begin() + 2, info.shape.end(),
                     [](const graph::Dimension& dim) { return dim.value >= 1; });
}

bool touched_by(const graph::Node& node, std::string_view pass) {
  const graph::Provenance provenance = graph::read_provenance(node.doc_string);
  return std::find(provenance.passes.begin(), provenance.passes.end(), pass) != provenance.passes.end();
}

}  // namespace

std::vector<std::string> values_between(const graph::Graph& pure, const graph::Graph& staged,
                                        const std::string& good, const std::string& bad) {
  const graph::ValueIndex index(staged);
  const std::unordered_set<size_t> wanted = makers_of(staged, index, bad, {});
  const std::unordered_set<size_t> proven =
      good.empty() ? std::unordered_set<size_t>() : makers_of(staged, index, good, {});
  const Declared pure_types = declared_values(pure), staged_types = declared_values(staged);
  std::vector<std::string> values;
  for (size_t i = 0; i < staged.nodes.size(); ++i) {
    if (!wanted.count(i) || proven.count(i)) continue;
    for (const std::string& name : staged.nodes[i].outputs) {
      if (name != bad && by_token(pure_types, name) && by_token(staged_types, name)) values.push_back(name);
    }
  }
  values.push_back(bad);
  return values;
}

const graph::Node* blamed_node(const graph::Graph& staged, const std::string& value,
                               const std::vector<std::string>& compared, std::string_view pass) {
  const graph::ValueIndex index(staged);
  const size_t maker = index.producer(value);
  if (maker == graph::ValueIndex::kNone) return nullptr;
  if (!pass.empty() && !touched_by(staged.nodes[maker], pass)) {
    const std::unordered_set<std::string> stops(compared.begin(), compared.end());
    const std::unordered_set<size_t> before = makers_of(staged, index, value, stops);
    for (size_t i = 0; i < staged.nodes.size(); ++i) {  // the first in the graph's order
      if (before.count(i) && touched_by(staged.nodes[i], pass)) return &staged.nodes[i];
    }
  }
  return &staged.nodes[maker];
}

}  // namespace tessera
