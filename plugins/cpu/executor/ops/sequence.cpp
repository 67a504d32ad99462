// Operators on sequences and optionals.
#include <fmt/format.h>

#include "axis_view.hpp"
#include "concat_split.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

// Position `i`, negative from the end, in [0, size).
size_t position(int64_t i, size_t size) {
  int64_t count = static_cast<int64_t>(size);
  if (i < -count || i >= count)
    throw Error(ErrorCode::kInvalidArgument, fmt::format("position {} of a sequence of {}", i, size));
  return static_cast<size_t>(i < 0 ? i + count : i);
}

Kernel compile_sequence_empty(NodeSpec& node) {
  node.expect_inputs(0, 0);
  return [](Context& run) { run.set_output(0, Value(Sequence())); };
}

Kernel compile_sequence_construct(NodeSpec& node) {
  node.expect_inputs(1);
  return [](Context& run) {
    Sequence sequence;
    for (size_t i = 0; i < run.input_count(); ++i) sequence.push_back(run.input(i));
    run.set_output(0, Value(std::move(sequence)));
  };
}

Kernel compile_sequence_insert(NodeSpec& node) {
  node.expect_inputs(2, 3);
  return [](Context& run) {
    Sequence sequence = run.value(0).sequence();
    // One past the end is a place to insert, too.
    size_t at =
        run.has_input(2) ? position(read_integer(run.input(2)), sequence.size() + 1) : sequence.size();
    if (run.has_input(2) && read_integer(run.input(2)) < 0)
      at = position(read_integer(run.input(2)), sequence.size());
    sequence.insert(sequence.begin() + static_cast<int64_t>(at), run.input(1));
    run.set_output(0, Value(std::move(sequence)));
  };
}

Kernel compile_sequence_erase(NodeSpec& node) {
  node.expect_inputs(1, 2);
  return [](Context& run) {
    Sequence sequence = run.value(0).sequence();
    size_t at = position(run.has_input(1) ? read_integer(run.input(1)) : -1, sequence.size());
    sequence.erase(sequence.begin() + static_cast<int64_t>(at));
    run.set_output(0, Value(std::move(sequence)));
  };
}

Kernel compile_sequence_at(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return [](Context& run) {
    const Sequence& sequence = run.value(0).sequence();
    run.set_output(0, sequence[position(read_integer(run.input(1)), sequence.size())]);
  };
}

Kernel compile_sequence_length(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return [](Context& run) {
    run.set_output(0, Tensor::scalar(static_cast<int64_t>(run.value(0).sequence().size())));
  };
}

Kernel compile_concat_from_sequence(NodeSpec& node) {
  node.expect_inputs(1, 1);
  int64_t axis = node.get_int("axis");
  bool new_axis = node.get_int("new_axis", 0);
  return [axis, new_axis](Context& run) {
    Sequence parts = run.value(0).sequence();
    for (Tensor& part : parts) {
      if (!new_axis) break;
      Dims dims = part.dims();
      dims.insert(static_cast<size_t>(normalize_axis(axis, dims.rank() + 1)), 1);
      part = part.reshaped(dims);
    }
    run.set_output(0, concat(parts, axis, &run.pool()));
  };
}

// The sizes along the axis: `split` lists them, or gives one size for all but the last; without it each is 1.
std::vector<int64_t> sizes_of(Context& run, int64_t length) {
  std::vector<int64_t> sizes;
  int64_t each = 1;
  if (run.has_input(1) && run.input(1).rank() == 1) {
    for (int64_t size : read_dims(run.input(1))) sizes.push_back(size);
    return sizes;
  }
  if (run.has_input(1)) each = read_integer(run.input(1));
  if (each < 1) throw Error(ErrorCode::kInvalidArgument, "the size of a part must be positive");
  for (int64_t first = 0; first < length; first += each) sizes.push_back(std::min(each, length - first));
  return sizes;
}

Kernel compile_split_to_sequence(NodeSpec& node) {
  node.expect_inputs(1, 2);
  int64_t axis = node.get_int("axis", 0);
  bool keep_dims = node.get_int("keepdims", 1);
  return [axis, keep_dims](Context& run) {
    const Tensor& x = run.input(0);
    int64_t length = AxisView(x.dims(), axis).length;
    Sequence parts;
    int64_t first = 0;
    for (int64_t size : sizes_of(run, length)) {
      if (size < 0 || size > length - first)
        throw Error(ErrorCode::kInvalidArgument, fmt::format("the parts do not fit {} elements", length));
      Tensor part = slice_axis(x, axis, first, size, &run.pool());
      Dims dims = part.dims();
      if (!run.has_input(1) && !keep_dims) dims.erase(static_cast<size_t>(normalize_axis(axis, x.rank())));
      parts.push_back(part.reshaped(dims));
      first += size;
    }
    if (first != length)
      throw Error(ErrorCode::kInvalidArgument, fmt::format("the parts do not fill {} elements", length));
    run.set_output(0, Value(std::move(parts)));
  };
}

// Body: one element of each sequence (or the whole of a tensor) -> one element of each output.
Kernel compile_sequence_map(NodeSpec& node) {
  node.expect_inputs(1);
  Subgraph body = node.compile_subgraph(node.get_graph("body"));
  if (body.input_count() != node.input_count() || body.output_count() != node.output_count())
    node.fail("the node's inputs and outputs do not fit its body");
  return [body](Context& run) {
    size_t length = run.value(0).sequence().size();
    std::vector<Sequence> outputs(body.output_count());
    for (size_t step = 0; step < length; ++step) {
      std::vector<Value> inputs;
      for (size_t i = 0; i < run.input_count(); ++i) {
        const Value& value = run.value(i);
        if (value.is_sequence() && value.sequence().size() != length)
          throw Error(ErrorCode::kInvalidArgument, "the sequences differ in length");
        inputs.push_back(value.is_sequence() ? Value(value.sequence()[step]) : value);
      }
      std::vector<Value> results = run.run(body, inputs);
      for (size_t i = 0; i < results.size(); ++i) outputs[i].push_back(results[i].tensor());
    }
    for (size_t i = 0; i < outputs.size(); ++i) run.set_output(i, Value(std::move(outputs[i])));
  };
}

Kernel compile_optional(NodeSpec& node) {
  node.expect_inputs(0, 1);
  return [](Context& run) { run.set_output(0, run.value(0)); };
}

Kernel compile_optional_get_element(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return [](Context& run) {
    if (!run.has_input(0)) throw Error(ErrorCode::kInvalidArgument, "the optional is empty");
    run.set_output(0, run.value(0));
  };
}

Kernel compile_optional_has_element(NodeSpec& node) {
  node.expect_inputs(0, 1);
  return [](Context& run) { run.set_output(0, Tensor::scalar(Bool(run.has_input(0)))); };
}

}  // namespace

void register_sequence(KernelRegistry& registry) {
  registry.add("", "SequenceEmpty", 11, compile_sequence_empty);
  registry.add("", "SequenceConstruct", 11, compile_sequence_construct);
  registry.add("", "SequenceInsert", 11, compile_sequence_insert);
  registry.add("", "SequenceErase", 11, compile_sequence_erase);
  registry.add("", "SequenceAt", 11, compile_sequence_at);
  registry.add("", "SequenceLength", 11, compile_sequence_length);
  registry.add("", "SequenceMap", 17, compile_sequence_map);
  registry.add("", "ConcatFromSequence", 11, compile_concat_from_sequence);
  registry.add("", "SplitToSequence", 11, compile_split_to_sequence);
  registry.add("", "Optional", 15, compile_optional);
  registry.add("", "OptionalGetElement", 15, compile_optional_get_element);
  registry.add("", "OptionalHasElement", 15, compile_optional_has_element);
}

}  // namespace tessera::exec
