#include "plan.hpp"

#include <fmt/format.h>

#include <new>

#include "plan_builder.hpp"
#include "plan_data.hpp"

namespace tessera::exec {
namespace {

template <class Infos>
size_t index_of(const Infos& infos, std::string_view name, const char* kind) {
  std::string known;
  for (size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].name == name) return i;
    known += fmt::format("{}'{}'", i ? ", " : "", infos[i].name);
  }
  throw Error(ErrorCode::kNotFound, fmt::format("the graph has no {} '{}'", kind, name))
      .remedy(fmt::format("it has {}", known));
}

std::string shape_text(const graph::ValueInfo& info) {
  std::string out = "[";
  for (size_t i = 0; i < info.shape.size(); ++i) {
    const graph::Dimension& dim = info.shape[i];
    out += i ? ", " : "";
    out += dim.value >= 0 ? fmt::format("{}", dim.value) : dim.symbol.empty() ? "?" : dim.symbol;
  }
  return out + "]";
}

bool fits(const Tensor& tensor, const graph::ValueInfo& info) {
  if (info.dtype != DataType::kUndefined && info.dtype != tensor.dtype()) return false;
  if (!info.has_shape) return true;
  if (info.shape.size() != tensor.dims().size()) return false;
  for (size_t i = 0; i < info.shape.size(); ++i)
    if (info.shape[i].value >= 0 && info.shape[i].value != tensor.dim(i)) return false;
  return true;
}

void check_input(const Value& value, const graph::ValueInfo& info) {
  if (!info.unknown_type.empty()) return;  // a sequence or an optional: its reader checks
  if (!value.is_tensor())
    throw Error(ErrorCode::kInvalidArgument, fmt::format("no tensor for input '{}'", info.name))
        .key(info.name);
  if (!fits(value.tensor(), info))
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("input '{}' is {} {}, expected {} {}", info.name,
                            dtype_name(value.tensor().dtype()), value.tensor().dims().text(),
                            dtype_name(info.dtype), info.has_shape ? shape_text(info) : "of any shape"))
        .key(info.name);
}

}  // namespace

Plan::Plan(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

Plan Plan::compile(const graph::Model& model, const CompileOptions& options) {
  std::optional<KernelRegistry> standard;
  if (!options.registry) standard = KernelRegistry::standard();
  PlanBuilder builder(model.opset_imports, options, standard ? *standard : *options.registry);
  builder.require_kernels(model.graph);
  return builder.build(model.graph);
}

const std::vector<graph::ValueInfo>& Plan::inputs() const {
  return data_->inputs;
}
const std::vector<graph::ValueInfo>& Plan::outputs() const {
  return data_->outputs;
}
size_t Plan::input_index(std::string_view name) const {
  return index_of(data_->inputs, name, "input");
}
size_t Plan::output_index(std::string_view name) const {
  return index_of(data_->outputs, name, "output");
}
size_t Plan::node_count() const {
  return data_->nodes.size();
}

std::vector<Value> Plan::run(Workspace& workspace, std::span<const Value> inputs,
                             const RunOptions& options) const {
  if (workspace.data_ != data_.get())
    throw Error(ErrorCode::kMisuse, "the workspace belongs to another plan");
  if (inputs.size() > data_->inputs.size())
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} inputs are given, the graph has {}", inputs.size(), data_->inputs.size()));
  for (size_t i = 0; i < data_->inputs.size(); ++i) {
    const Value& value = i < inputs.size() && inputs[i].has_value() ? inputs[i] : data_->input_defaults[i];
    check_input(value, data_->inputs[i]);
    workspace.slots_[data_->input_slots[i]] = value;
  }
  return run_prepared(workspace, options);
}

std::map<std::string, Value> Plan::run(Workspace& workspace, const std::map<std::string, Value>& inputs,
                                       const RunOptions& options) const {
  std::vector<Value> ordered(data_->inputs.size());
  for (const auto& [name, value] : inputs) ordered[input_index(name)] = value;
  std::vector<Value> results = run(workspace, ordered, options);
  std::map<std::string, Value> named;
  for (size_t i = 0; i < results.size(); ++i)
    if (results[i].has_value()) named[data_->outputs[i].name] = std::move(results[i]);
  return named;
}

std::vector<Value> Plan::run_prepared(Workspace& workspace, const RunOptions& options) const {
  workspace.options_ = &options;
  struct Clear {  // whatever happens, no value of this run is left
    Workspace& workspace;
    const Data& data;
    ~Clear() {
      for (size_t slot = 0; slot < data.constants.size(); ++slot)
        if (!data.constants[slot].has_value()) workspace.slots_[slot] = Value();
    }
  } clear{workspace, *data_};
  run_schedule(workspace, schedule_for(workspace, options.wanted));
  std::vector<Value> results(data_->outputs.size());
  auto take = [&](size_t i) { results[i] = workspace.slots_[data_->output_slots[i]]; };
  if (options.wanted.empty()) {
    for (size_t i = 0; i < results.size(); ++i) take(i);
  } else {
    for (size_t i : options.wanted) take(i);
  }
  return results;
}

void Plan::run_schedule(Workspace& workspace, const Schedule& schedule) const {
  Value* slots = workspace.slots_.data();
  const PlanNode* node = nullptr;
  try {
    for (const Schedule::Step& step : schedule.steps) {
      node = &data_->nodes[step.node];
      Context context(workspace);
      context.slots_ = slots;
      context.inputs_ = node->inputs;
      context.outputs_ = node->outputs;
      context.released_ = {schedule.released.data() + step.first_released,
                           step.last_released - step.first_released};
      context.check_cancelled();
      for (size_t i = 0; i < node->inputs.size(); ++i) {
        int32_t slot = node->inputs[i];
        if (slot < 0 || node->unaligned[i] || !slots[slot].is_tensor() || slots[slot].tensor().is_aligned())
          continue;
        context.replace_input(i, slots[slot].tensor().copy(workspace.pool_.get()));
      }
      node->kernel(context);
      for (int32_t slot : context.released_) slots[slot] = Value();
    }
  } catch (Error& error) {
    error.add_node(node->name);
    error.add_context(fmt::format("running {}", describe_node(node->op_type, node->name, node->doc_string)));
    throw;
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, "no memory").node(node->name);
  }
}

const Plan::Schedule& Plan::schedule_for(Workspace& workspace, std::span<const size_t> wanted) const {
  std::unique_ptr<Schedule>& cached = workspace.schedule_;
  if (cached && std::equal(wanted.begin(), wanted.end(), cached->wanted.begin(), cached->wanted.end()))
    return *cached;
  auto schedule = std::make_unique<Schedule>();
  schedule->wanted.assign(wanted.begin(), wanted.end());

  std::vector<bool> kept(data_->constants.size());  // slots that outlive their last reader
  for (size_t slot = 0; slot < kept.size(); ++slot) kept[slot] = data_->constants[slot].has_value();
  std::vector<bool> needed(data_->nodes.size());
  auto want = [&](int32_t slot) {
    if (slot >= 0 && data_->producers[slot] >= 0) needed[data_->producers[slot]] = true;
  };
  auto want_output = [&](size_t i) {
    if (i >= data_->outputs.size())
      throw Error(ErrorCode::kInvalidArgument, fmt::format("output {} of {}", i, data_->outputs.size()));
    want(data_->output_slots[i]);
    kept[data_->output_slots[i]] = true;
  };
  if (wanted.empty()) {
    for (size_t i = 0; i < data_->outputs.size(); ++i) want_output(i);
  } else {
    for (size_t i : wanted) want_output(i);
  }
  for (size_t n = data_->nodes.size(); n-- > 0;) {
    if (!needed[n]) continue;
    for (int32_t slot : data_->nodes[n].inputs) want(slot);
    for (int32_t slot : data_->nodes[n].captured) want(slot);
  }

  std::vector<int32_t> last_use(data_->constants.size(), -1);
  auto for_each_value = [](const PlanNode& node, auto f) {
    for (const std::vector<int32_t>* list : {&node.inputs, &node.captured, &node.outputs})
      for (int32_t slot : *list)
        if (slot >= 0) f(slot);
  };
  for (size_t n = 0; n < data_->nodes.size(); ++n)
    if (needed[n])
      for_each_value(data_->nodes[n], [&](int32_t slot) { last_use[slot] = static_cast<int32_t>(n); });
  for (size_t n = 0; n < data_->nodes.size(); ++n) {
    if (!needed[n]) continue;
    uint32_t first = static_cast<uint32_t>(schedule->released.size());
    for_each_value(data_->nodes[n], [&](int32_t slot) {
      if (kept[slot] || last_use[slot] != static_cast<int32_t>(n)) return;
      schedule->released.push_back(slot);
      kept[slot] = true;  // once
    });
    schedule->steps.push_back(
        {static_cast<uint32_t>(n), first, static_cast<uint32_t>(schedule->released.size())});
  }
  cached = std::move(schedule);
  return *cached;
}

Workspace::Workspace(const Plan& plan, std::shared_ptr<BufferPool> pool)
    : data_(plan.data_.get()),
      pool_(pool ? std::move(pool) : BufferPool::create()),
      slots_(plan.data_->constants) {}
Workspace::Workspace(Workspace&&) noexcept = default;
Workspace::~Workspace() = default;

std::vector<Value> run_node(const graph::Node& node, std::span<const Value> inputs, int64_t opset,
                            const KernelRegistry& registry) {
  graph::Model model;
  model.opset_imports.push_back({node.domain, opset});
  model.graph.nodes.push_back(node);
  std::vector<Value> given;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    bool repeated =
        std::find(node.inputs.begin(), node.inputs.begin() + i, node.inputs[i]) != node.inputs.begin() + i;
    if (node.inputs[i].empty() || repeated || i >= inputs.size()) continue;
    graph::ValueInfo info;
    info.name = node.inputs[i];
    if (inputs[i].is_sequence()) info.unknown_type = "sequence";
    model.graph.inputs.push_back(std::move(info));
    given.push_back(inputs[i]);
  }
  for (const std::string& output : node.outputs) {
    graph::ValueInfo info;
    info.name = output;
    if (!output.empty()) model.graph.outputs.push_back(std::move(info));
  }
  CompileOptions options;
  options.registry = &registry;
  Plan plan = Plan::compile(model, options);
  Workspace workspace(plan);
  return plan.run(workspace, given);
}

}  // namespace tessera::exec
