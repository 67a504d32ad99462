// Operators that run bodies: If, Loop, Scan.
#include <fmt/format.h>

#include "axis_view.hpp"
#include "concat_split.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

Kernel compile_if(NodeSpec& node) {
  node.expect_inputs(1, 1);
  Subgraph then_branch = node.compile_subgraph(node.get_graph("then_branch"));
  Subgraph else_branch = node.compile_subgraph(node.get_graph("else_branch"));
  for (const Subgraph* branch : {&then_branch, &else_branch})
    if (branch->input_count() != 0 || branch->output_count() != node.output_count())
      node.fail(fmt::format("a branch has {} inputs and {} outputs, the node {} outputs",
                            branch->input_count(), branch->output_count(), node.output_count()));
  return [then_branch, else_branch](Context& run) {
    const Tensor& condition = run.input(0);
    if (condition.size() != 1) throw Error(ErrorCode::kInvalidArgument, "the condition must be one boolean");
    std::vector<Value> results = run.run(*condition.data<Bool>() ? then_branch : else_branch, {});
    for (size_t i = 0; i < results.size(); ++i) run.set_output(i, std::move(results[i]));
  };
}

// The values that a body gives in each iteration, stacked along a new axis.
Tensor stack(const std::vector<Tensor>& parts, int64_t axis, bool reverse, BufferPool* pool) {
  std::vector<Tensor> grown;
  for (const Tensor& part : parts) {
    Dims dims = part.dims();
    dims.insert(static_cast<size_t>(normalize_axis(axis, dims.rank() + 1)), 1);
    grown.push_back(part.reshaped(dims));
  }
  if (reverse) std::reverse(grown.begin(), grown.end());
  return concat(grown, axis, pool);
}

// Without an iteration there is no value to take the type from: the body's declaration says it, unknown sizes
// are 0.
Tensor empty_stack(const graph::ValueInfo& info) {
  Dims dims{0};
  for (const graph::Dimension& dim : info.shape) dims.push_back(std::max<int64_t>(dim.value, 0));
  return Tensor::allocate(info.dtype == DataType::kUndefined ? DataType::kFloat : info.dtype, dims);
}

bool truth(const Value& value) {
  if (value.tensor().size() != 1)
    throw Error(ErrorCode::kInvalidArgument, "the condition must be one boolean");
  return *value.tensor().data<Bool>();
}

// Body: (iteration, condition, carried...) -> (condition, carried..., scanned...).
struct Loop {
  Subgraph body;
  size_t carried;
  std::vector<graph::ValueInfo> scanned;

  void operator()(Context& run) const {
    int64_t limit = run.has_input(0) ? read_integer(run.input(0)) : INT64_MAX;
    bool condition = !run.has_input(1) || truth(run.value(1));
    std::vector<Value> state = {Value(), Value()};
    for (size_t i = 0; i < carried; ++i) state.push_back(run.value(2 + i));
    std::vector<std::vector<Tensor>> stacks(scanned.size());
    for (int64_t iteration = 0; iteration < limit && condition; ++iteration) {
      state[0] = Tensor::scalar(iteration);
      state[1] = Tensor::scalar(Bool(condition));
      std::vector<Value> results = run.run(body, state);
      condition = truth(results[0]);
      for (size_t i = 0; i < carried; ++i) state[2 + i] = std::move(results[1 + i]);
      for (size_t i = 0; i < stacks.size(); ++i) stacks[i].push_back(results[1 + carried + i].tensor());
    }
    for (size_t i = 0; i < carried; ++i) run.set_output(i, std::move(state[2 + i]));
    for (size_t i = 0; i < stacks.size(); ++i)
      run.set_output(carried + i,
                     stacks[i].empty() ? empty_stack(scanned[i]) : stack(stacks[i], 0, false, &run.pool()));
  }
};

Kernel compile_loop(NodeSpec& node) {
  const graph::Graph& body = node.get_graph("body");
  Loop loop{node.compile_subgraph(body), node.input_count() < 2 ? 0 : node.input_count() - 2, {}};
  if (node.input_count() < 2 || loop.body.input_count() != loop.carried + 2 ||
      loop.body.output_count() != node.output_count() + 1 || node.output_count() < loop.carried)
    node.fail(fmt::format("{} inputs and {} outputs do not fit a body with {} inputs and {} outputs",
                          node.input_count(), node.output_count(), loop.body.input_count(),
                          loop.body.output_count()));
  loop.scanned.assign(body.outputs.begin() + 1 + loop.carried, body.outputs.end());
  return loop;
}

// Body: (state..., slice of each scanned input...) -> (state..., slice of each scanned output...).
struct Scan {
  Subgraph body;
  size_t states, scanned;  // inputs
  std::vector<int64_t> input_axes, input_directions, output_axes, output_directions;
  std::vector<graph::ValueInfo> outputs;

  // Runs over given inputs, states first; returns states and stacked outputs.
  std::vector<Value> scan(Context& run, const std::vector<Value>& inputs) const {
    int64_t length = AxisView(inputs[states].tensor().dims(), input_axes[0]).length;
    std::vector<Value> current(inputs.begin(), inputs.begin() + states);
    current.resize(states + scanned);
    std::vector<std::vector<Tensor>> stacks(outputs.size());
    for (int64_t step = 0; step < length; ++step) {
      for (size_t i = 0; i < scanned; ++i)
        current[states + i] = slice_of(inputs[states + i].tensor(), i, step, length, run);
      std::vector<Value> results = run.run(body, current);
      for (size_t i = 0; i < states; ++i) current[i] = std::move(results[i]);
      for (size_t i = 0; i < stacks.size(); ++i) stacks[i].push_back(results[states + i].tensor());
    }
    current.resize(states);
    for (size_t i = 0; i < stacks.size(); ++i)
      current.push_back(stacks[i].empty()
                            ? empty_stack(outputs[i])
                            : stack(stacks[i], output_axes[i], output_directions[i] != 0, &run.pool()));
    return current;
  }

  Tensor slice_of(const Tensor& x, size_t i, int64_t step, int64_t length, Context& run) const {
    if (AxisView(x.dims(), input_axes[i]).length != length)
      throw Error(ErrorCode::kInvalidArgument, "the scanned inputs differ in length");
    int64_t at = input_directions[i] ? length - 1 - step : step;
    Dims dims = x.dims();
    dims.erase(static_cast<size_t>(normalize_axis(input_axes[i], x.rank())));
    return slice_axis(x, input_axes[i], at, 1, &run.pool()).reshaped(dims);
  }
};

std::vector<int64_t> list_or_zeros(const NodeSpec& node, const char* name, size_t count) {
  std::vector<int64_t> values = node.get_ints(name);
  if (values.empty()) values.resize(count);
  if (values.size() != count)
    node.fail(fmt::format("'{}' has {} entries, expected {}", name, values.size(), count));
  return values;
}

Scan scan_of(NodeSpec& node, size_t inputs) {
  const graph::Graph& body = node.get_graph("body");
  int64_t scanned = node.get_int("num_scan_inputs");
  Scan scan{node.compile_subgraph(body), 0, 0, {}, {}, {}, {}, {}};
  if (scanned < 1 || static_cast<size_t>(scanned) > inputs || scan.body.input_count() != inputs ||
      scan.body.output_count() != node.output_count() ||
      node.output_count() < inputs - static_cast<size_t>(scanned))
    node.fail("the node's inputs and outputs do not fit its body");
  scan.scanned = static_cast<size_t>(scanned);
  scan.states = inputs - scan.scanned;
  scan.outputs.assign(body.outputs.begin() + scan.states, body.outputs.end());
  return scan;
}

Kernel compile_scan(NodeSpec& node) {
  Scan scan = scan_of(node, node.input_count());
  scan.input_axes = list_or_zeros(node, "scan_input_axes", scan.scanned);
  scan.input_directions = list_or_zeros(node, "scan_input_directions", scan.scanned);
  scan.output_axes = list_or_zeros(node, "scan_output_axes", scan.outputs.size());
  scan.output_directions = list_or_zeros(node, "scan_output_directions", scan.outputs.size());
  return [scan](Context& run) {
    std::vector<Value> inputs;
    for (size_t i = 0; i < run.input_count(); ++i) inputs.push_back(run.value(i));
    std::vector<Value> results = scan.scan(run, inputs);
    for (size_t i = 0; i < results.size(); ++i) run.set_output(i, std::move(results[i]));
  };
}

// Opset 8: an optional first input of lengths, and a batch dimension before everything.
Kernel compile_scan_8(NodeSpec& node) {
  if (node.has_input(0)) node.fail_unsupported("sequence_lens of Scan (opset 8) is not supported");
  Scan scan = scan_of(node, node.input_count() - 1);
  scan.input_axes.resize(scan.scanned);
  scan.input_directions = list_or_zeros(node, "directions", scan.scanned);
  scan.output_axes.resize(scan.outputs.size());
  scan.output_directions.resize(scan.outputs.size());
  return [scan](Context& run) {
    int64_t batch = AxisView(run.input(1).dims(), 0).length;
    std::vector<std::vector<Tensor>> stacks(scan.states + scan.outputs.size());
    for (int64_t b = 0; b < batch; ++b) {
      std::vector<Value> inputs;
      for (size_t i = 1; i < run.input_count(); ++i) {
        const Tensor& x = run.input(i);
        if (AxisView(x.dims(), 0).length != batch)
          throw Error(ErrorCode::kInvalidArgument, "the batches differ");
        inputs.push_back(slice_axis(x, 0, b, 1, &run.pool()).reshaped(x.dims().slice(1, x.dims().size())));
      }
      std::vector<Value> results = scan.scan(run, inputs);
      for (size_t i = 0; i < results.size(); ++i) stacks[i].push_back(results[i].tensor());
    }
    for (size_t i = 0; i < stacks.size(); ++i) run.set_output(i, stack(stacks[i], 0, false, &run.pool()));
  };
}

}  // namespace

void register_control_flow(KernelRegistry& registry) {
  registry.add("", "If", 1, compile_if);
  registry.add("", "Loop", 1, compile_loop);
  registry.add("", "Scan", 8, compile_scan_8);
  registry.add("", "Scan", 9, compile_scan);
}

}  // namespace tessera::exec
