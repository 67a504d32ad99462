// Operators as they were before opset 7, when the second operand was broadcast on request only: `broadcast` =
// 1 lines its dimensions up with those of the first from `axis` on. Brought to today's rules by adding
// dimensions of 1.
#include <fmt/format.h>

#include "standard.hpp"

namespace tessera::exec {
namespace {

// `dims` with ones at its end, so that it starts at `axis` of a tensor with `rank` dimensions.
Dims lined_up(const Dims& dims, int64_t rank, int64_t axis) {
  Dims result = dims;
  while (axis + result.rank() < rank) result.push_back(1);
  return result;
}

// The kernel of opset 7 (or 9) of the same operator, after input `which` has been lined up with input 0.
Kernel with_lined_up(NodeSpec& node, int64_t version, size_t which, int64_t axis, bool from_end) {
  static const KernelRegistry kModern = KernelRegistry::standard();
  Kernel modern = kModern.find("", node.node().op_type, version)(node);
  return [=](Context& run) {
    if (run.has_input(which)) {
      const Tensor& b = run.input(which);
      int64_t rank = run.input(0).rank();
      int64_t at = from_end ? rank - b.rank() : axis;
      if (at < 0 || at + b.rank() > rank)
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("{} does not line up with axis {} of {}", b.dims().text(), axis,
                                run.input(0).dims().text()));
      run.replace_input(which, b.reshaped(lined_up(b.dims(), rank, at)));
    }
    modern(run);
  };
}

Kernel compile_binary_1(NodeSpec& node) {
  node.expect_inputs(2, 2);
  int64_t axis = node.get_int("axis", 0);
  return with_lined_up(node, 7, 1, axis, !node.has_attribute("axis"));
}

// The slope was one, or one a channel.
Kernel compile_prelu_1(NodeSpec& node) {
  node.expect_inputs(2, 2);
  static const KernelRegistry kModern = KernelRegistry::standard();
  Kernel modern = kModern.find("", "PRelu", 7)(node);
  return [modern](Context& run) {
    const Tensor& slope = run.input(1);
    if (slope.rank() == 1 && slope.size() > 1 && run.input(0).rank() > 1)
      run.replace_input(1, slope.reshaped(lined_up(slope.dims(), run.input(0).rank(), 1)));
    modern(run);
  };
}

}  // namespace

void register_legacy_broadcast(KernelRegistry& registry) {
  for (const char* name : {"Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Less", "Greater"})
    registry.add("", name, 1, compile_binary_1);
  registry.add("", "PRelu", 1, compile_prelu_1);
}

}  // namespace tessera::exec
