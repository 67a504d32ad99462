#include "input_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

std::string shape_text(const int64_t* dims, uint64_t rank) {
  std::string text = "[";
  for (uint64_t i = 0; i < rank; ++i) text += fmt::format("{}{}", i == 0 ? "" : ", ", dims[i]);
  return text + "]";
}

Error bad_input(std::string_view name, std::string message) {
  return Error(ErrorCode::kInvalidArgument, fmt::format("input '{}' {}", name, message)).key(name);
}

const int64_t* ids_of(const sdk::TensorView& tensor) {
  return tensor.as<const int64_t>();
}

int64_t element_count(const sdk::TensorView& tensor) {
  int64_t count = 1;
  for (uint64_t i = 0; i < tensor.rank(); ++i) count *= tensor.dim(i);
  return count;
}

}  // namespace

bool is_cached_attention(const graph::Node& node) {
  static const std::set<std::string_view> kNames = {"SlotAttention", "WindowedSlotAttention",
                                                    "CachedAttention", "WindowedCachedAttention"};
  return node.domain == graph::kTesseraDomain && kNames.count(node.op_type) > 0;
}

InputRules::InputRules(const graph::Graph& graph) {
  std::set<std::string> initializers, state;
  for (const graph::Tensor& t : graph.initializers) initializers.insert(t.name);
  for (const graph::Node& node : graph.nodes) {
    if (!is_cached_attention(node)) continue;
    state.insert(node.inputs[node.inputs.size() - 2]);
    state.insert(node.inputs[node.inputs.size() - 1]);
  }
  for (const graph::ValueInfo& input : graph.inputs) {
    if (initializers.count(input.name) || state.count(input.name)) continue;
    Rule rule;
    rule.info = input;
    rule.rows_of_step = input.name == "logits_rows" && input.dtype == graph::DataType::kInt64;
    names_.push_back(input.name);
    rules_.push_back(std::move(rule));
  }
  find_embedding_ids(graph);
  find_attention_inputs(graph);
}

void InputRules::find_embedding_ids(const graph::Graph& graph) {
  std::map<std::string, const graph::Tensor*> initializers;
  for (const graph::Tensor& t : graph.initializers) initializers[t.name] = &t;
  for (const graph::Node& node : graph.nodes) {
    if (!graph::is_tessera(node, "Embedding") || node.inputs.size() != 2) continue;
    const auto weight = initializers.find(node.inputs[1]);
    Rule* ids = rule(node.inputs[0]);
    if (ids == nullptr || weight == initializers.end() || weight->second->dims.size() != 2) continue;
    if (ids->info.dtype != graph::DataType::kInt64) continue;
    const int64_t vocab = weight->second->dims[0];
    ids->ids_below = ids->ids_below < 0 ? vocab : std::min(ids->ids_below, vocab);
  }
}

void InputRules::find_attention_inputs(const graph::Graph& graph) {
  bool first = true;
  for (const graph::Node& node : graph.nodes) {
    const bool stateless =
        graph::is_tessera(node, "Attention") || graph::is_tessera(node, "WindowedAttention");
    if (stateless && node.inputs.size() == 4) {  // -1 is padding there, too
      Rule* padded = rule(node.inputs[3]);
      if (padded != nullptr && padded->info.dtype == graph::DataType::kInt64) padded->positions = true;
    }
    if (!is_cached_attention(node)) continue;
    const std::string& positions = node.inputs[3];
    const std::string slots = node.inputs.size() == 7 ? node.inputs[4] : std::string();
    if (!first && (positions != positions_ || slots != slots_)) {
      throw Error(ErrorCode::kNotSupported, "attention nodes take positions or slots from different inputs")
          .node(graph::describe(node))
          .remedy("give all attention nodes the inputs 'position_ids' and 'batch_index'");
    }
    first = false;
    positions_ = positions;
    slots_ = slots;
    Rule* positions_rule = rule(positions);
    Rule* slots_rule = slots.empty() ? nullptr : rule(slots);
    if (positions_rule == nullptr || (!slots.empty() && slots_rule == nullptr)) {
      throw Error(ErrorCode::kNotSupported, "positions and slots of attention must be inputs of the graph")
          .node(graph::describe(node));
    }
    const bool integers = positions_rule->info.dtype == graph::DataType::kInt64 &&
                          (slots_rule == nullptr || slots_rule->info.dtype == graph::DataType::kInt64);
    if (!integers) {
      throw Error(ErrorCode::kNotSupported, "positions and slots must be int64").node(graph::describe(node));
    }
    positions_rule->positions = true;
    if (slots_rule != nullptr) slots_rule->slots = true;
  }
}

InputRules::Rule* InputRules::rule(const std::string& name) {
  for (Rule& r : rules_) {
    if (r.info.name == name) return &r;
  }
  return nullptr;
}

void InputRules::check(const sdk::RunArgs& args, const KvBlocks* kv, uint64_t max_rows,
                       StepRows& rows) const {
  check_names(args);
  rows.positions.clear();
  rows.slots.clear();
  rows.symbols.clear();
  int64_t leading = 0, elements = 0;  // of the inputs that have one row an element
  for (const Rule& r : rules_) {
    const sdk::TensorView tensor = args.input(r.info.name);
    check_shape(r, tensor, rows.symbols);
    if (r.ids_below >= 0) check_ids(r, tensor);
    if (r.ids_below < 0 && !r.positions) continue;
    elements = std::max(elements, element_count(tensor));
    leading = tensor.rank() > 0 ? tensor.dim(0) : 1;
  }
  if (max_rows > 0 && static_cast<uint64_t>(elements) > max_rows) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a step of {} rows, the session takes at most {}", elements, max_rows))
        .remedy("split the step or create the session with more max_rows");
  }
  for (const Rule& r : rules_) {
    if (r.rows_of_step) check_logits_rows(args.input(r.info.name), leading);
  }
  if (positions_.empty() || kv == nullptr) return;
  read_rows(args, *kv, rows);
  check_positions(*kv, rows);
}

void InputRules::check_names(const sdk::RunArgs& args) const {
  std::set<std::string_view> given;
  for (uint64_t i = 0; i < args.input_count(); ++i) {
    const std::string_view name = args.input(i).name();
    if (!given.insert(name).second) throw bad_input(name, "is given twice");
    if (takes(name)) continue;
    throw bad_input(name, "is not an input of this graph")
        .remedy(fmt::format("it takes: {}", fmt::join(names_, ", ")));
  }
}

void InputRules::read_rows(const sdk::RunArgs& args, const KvBlocks& kv, StepRows& rows) const {
  const sdk::TensorView positions = args.input(positions_);
  const int64_t count = element_count(positions);
  rows.positions.assign(ids_of(positions), ids_of(positions) + count);
  const int64_t batch = positions.rank() > 0 ? positions.dim(0) : 1;
  if (!slots_.empty() && element_count(args.input(slots_)) != batch) {
    throw bad_input(slots_, fmt::format("has {} elements, '{}' has {} rows",
                                        element_count(args.input(slots_)), positions_, batch));
  }
  for (int64_t b = 0; b < batch; ++b) {
    const int64_t slot = slots_.empty() ? b : ids_of(args.input(slots_))[b];
    if (slot < 0 || slot >= static_cast<int64_t>(kv.slots())) {
      throw bad_input(slots_.empty() ? positions_ : slots_,
                      fmt::format("row {}: slot {} is not in [0, {})", b, slot, kv.slots()));
    }
    rows.slots.insert(rows.slots.end(), static_cast<size_t>(count / batch), static_cast<uint32_t>(slot));
  }
}

void InputRules::check_shape(const Rule& rule, const sdk::TensorView& tensor,
                             std::map<std::string, int64_t>& symbols) const {
  const graph::ValueInfo& info = rule.info;
  const auto dtype = tensor.dtype();
  if (dtype != info.dtype) {
    throw bad_input(info.name, fmt::format("has dtype {}, expected {}", graph::dtype_name(dtype),
                                           graph::dtype_name(info.dtype)));
  }
  const std::string shape = shape_text(tensor.dims(), tensor.rank());
  uint64_t elements = 1;
  for (uint64_t i = 0; i < tensor.rank(); ++i) {
    if (tensor.dim(i) < 0 ||
        __builtin_mul_overflow(elements, static_cast<uint64_t>(tensor.dim(i)), &elements)) {
      throw bad_input(info.name, fmt::format("has the impossible shape {}", shape));
    }
  }
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(elements, graph::element_size(dtype), &bytes) || bytes != tensor.bytes()) {
    throw bad_input(info.name, fmt::format("has {} bytes, its shape {} of {} needs {}", tensor.bytes(), shape,
                                           graph::dtype_name(dtype), bytes));
  }
  if (!info.has_shape) return;
  if (tensor.rank() != info.shape.size()) {
    throw bad_input(info.name, fmt::format("has shape {}, expected {} dimensions", shape, info.shape.size()));
  }
  for (uint64_t i = 0; i < tensor.rank(); ++i) {
    const graph::Dimension& dim = info.shape[i];
    int64_t expected = dim.value;
    if (expected < 0 && !dim.symbol.empty())
      expected = symbols.emplace(dim.symbol, tensor.dim(i)).first->second;
    if (expected >= 0 && tensor.dim(i) != expected) {
      throw bad_input(info.name, fmt::format("has shape {}, expected {}{} at dimension {}", shape,
                                             dim.symbol.empty() ? "" : dim.symbol + " = ", expected, i));
    }
  }
}

void InputRules::check_ids(const Rule& rule, const sdk::TensorView& tensor) const {
  const int64_t* ids = ids_of(tensor);
  const int64_t lowest = rule.positions ? -1 : 0;  // learned positions: -1 is padding there, too
  for (int64_t row = 0; row < element_count(tensor); ++row) {
    if (ids[row] >= lowest && ids[row] < rule.ids_below) continue;
    throw bad_input(rule.info.name,
                    fmt::format("row {}: {} is not in [0, {})", row, ids[row], rule.ids_below));
  }
}

void InputRules::check_logits_rows(const sdk::TensorView& tensor, int64_t rows) const {
  for (int64_t i = 0; i < element_count(tensor); ++i) {
    const int64_t row = ids_of(tensor)[i];
    if (row < 0 || row >= rows) {
      throw bad_input("logits_rows", fmt::format("element {}: row {} is not in [0, {})", i, row, rows));
    }
  }
}

void InputRules::check_positions(const KvBlocks& kv, const StepRows& rows) const {
  std::vector<std::pair<uint32_t, int64_t>> places;
  places.reserve(rows.positions.size());
  for (size_t row = 0; row < rows.positions.size(); ++row) {
    const int64_t position = rows.positions[row];
    const uint32_t slot = rows.slots[row];
    if (position == -1) continue;
    if (position < 0 || position >= kv.ctx_len()) {
      throw bad_input(positions_, fmt::format("row {}: position {} is not in [0, {}), nor -1 for padding",
                                              row, position, kv.ctx_len()));
    }
    if (position >= kv.capacity(slot)) {
      throw bad_input(positions_,
                      fmt::format("row {}: position {} of slot {} is not reserved (room for {} tokens)", row,
                                  position, slot, kv.capacity(slot)))
          .remedy("reserve room in the slot before the step");
    }
    places.emplace_back(slot, position);
  }
  std::sort(places.begin(), places.end());
  int64_t length = 0;  // of the slot when the place before has been written
  int64_t lowest = 0;  // position of the slot in this step
  for (size_t i = 0; i < places.size(); ++i) {
    const auto [slot, position] = places[i];
    if (i == 0 || places[i - 1].first != slot) {
      length = kv.length(slot);
      lowest = position;
    }
    if (i > 0 && places[i - 1] == places[i]) {
      throw bad_input(positions_,
                      fmt::format("position {} of slot {} is written by two rows", position, slot));
    }
    if (position > length) {
      throw bad_input(positions_, fmt::format("position {} of slot {} leaves a gap: the slot holds {} tokens",
                                              position, slot, length));
    }
    length = std::max(length, position + 1);
    if (i + 1 == places.size() || places[i + 1].first != slot) check_reach(kv, slot, lowest, position);
  }
}

// All rows write before any reads: the last write of a step must leave what its first row sees.
void InputRules::check_reach(const KvBlocks& kv, uint32_t slot, int64_t lowest, int64_t highest) const {
  const int64_t seen = kv.first_seen(lowest), oldest = kv.oldest(slot, highest + 1);
  if (seen >= oldest) return;
  throw bad_input(positions_, fmt::format("position {} of slot {} sees positions from {} on, and the window "
                                          "keeps those from {} on",
                                          lowest, slot, seen, oldest))
      .remedy("reset the slot and compute the sequence again");
}

}  // namespace tessera::cpu
