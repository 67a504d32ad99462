// Operators that pass their input on: Identity, and Dropout outside of training.
#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

Kernel compile_identity(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  return [](Context& run) { run.set_output(0, run.value(0)); };
}

void keep_everything(Context& run) {
  run.set_output(0, run.input(0));
  if (!run.has_output(1)) return;
  Tensor& mask = run.output(1, DataType::kBool, run.input(0).dims());
  std::fill_n(mask.mutable_data<Bool>(), mask.size(), Bool(true));
}

// Dropping at random is training, which this executor does not do; a ratio of 0 drops nothing.
void dropout(Context& run) {
  bool training = run.has_input(2) && *run.input(2).data<Bool>();
  double ratio = run.has_input(1) ? *cast(run.input(1), DataType::kDouble, &run.pool()).data<double>() : 0.5;
  if (training && ratio != 0)
    throw Error(ErrorCode::kNotSupported, "Dropout in training mode drops at random, which is not supported");
  keep_everything(run);
}

Kernel compile_dropout(NodeSpec& node) {
  node.expect_inputs(1, 3);
  return dropout;
}

// Before opset 12 the ratio is an attribute and there is no training mode (before 7: is_test).
Kernel compile_dropout_1(NodeSpec& node) {
  node.expect_inputs(1, 1);
  if (node.opset() < 7 && !node.get_int("is_test", 0)) node.fail_unsupported("Dropout in training mode");
  return [](Context& run) { keep_everything(run); };
}

}  // namespace

void register_identity(KernelRegistry& registry) {
  registry.add("", "Identity", 1, compile_identity);
  registry.add("", "Dropout", 1, compile_dropout_1);
  registry.add("", "Dropout", 12, compile_dropout);
}

}  // namespace tessera::exec
