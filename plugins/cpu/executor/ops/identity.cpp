// Operators that pass their input on: Identity, and Dropout outside of training.
#include "standard.hpp"

namespace tessera::exec {
namespace {

Kernel compile_identity(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  return [](Context& run) { run.set_output(0, run.value(0)); };
}

}  // namespace

void register_identity(KernelRegistry& registry) {
  registry.add("", "Identity", 1, compile_identity);
}

}  // namespace tessera::exec
