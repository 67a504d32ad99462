/// Operators: what compiles a node into a kernel, what a kernel sees when it runs, and where kernels are
/// registered.
///
/// A kernel is written as one function that reads and checks the node's attributes once and returns a
/// closure:
///
///     Kernel compile_leaky_relu(NodeSpec& node) {
///       float alpha = node.get_float("alpha", 0.01f);
///       return [alpha](Context& run) {
///         const Tensor& x = run.input(0);
///         float* y = run.output(0, x.dtype(), x.dims()).mutable_data<float>();
///         ...
///       };
///     }
///     registry.add("", "LeakyRelu", 6, compile_leaky_relu);
///
/// The closure is called from several threads at once when several workspaces run one plan: it must not
/// change what it has captured. Prepared state (packed weights) is captured by shared_ptr.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tensor.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::exec {

class Context;
class NodeSpec;
class Plan;
class PlanBuilder;
class Workspace;

/// Throws Error for bad shapes or types; the plan adds node and provenance.
using Kernel = std::function<void(Context&)>;
/// Throws Error for bad attributes; the plan adds node and provenance.
using KernelCompiler = Kernel (*)(NodeSpec&);

/// The body of If, Loop or Scan, compiled. Run by `Context::run`.
class Subgraph {
 public:
  size_t input_count() const;
  size_t output_count() const;

 private:
  friend class Context;
  friend class PlanBuilder;
  std::shared_ptr<const Plan> plan_;
  std::vector<std::pair<size_t, int32_t>> captures_;  ///< input of plan_ <- slot of the graph around
  size_t index_ = 0;                                  ///< which child workspace of the plan around
};

/// A node while its kernel is compiled.
class NodeSpec {
 public:
  const graph::Node& node() const { return node_; }
  /// The version of the node's domain that the model imports.
  int64_t opset() const { return opset_; }
  size_t input_count() const { return node_.inputs.size(); }
  size_t output_count() const { return node_.outputs.size(); }
  /// False when the optional input or output is omitted.
  bool has_input(size_t i) const { return i < node_.inputs.size() && !node_.inputs[i].empty(); }
  bool has_output(size_t i) const { return i < node_.outputs.size() && !node_.outputs[i].empty(); }

  // Attributes. The forms without a default throw kInvalidArgument when it is missing, all when it has
  // another type.
  bool has_attribute(std::string_view name) const { return find(name) != nullptr; }
  int64_t get_int(std::string_view name) const;
  int64_t get_int(std::string_view name, int64_t fallback) const;
  float get_float(std::string_view name) const;
  float get_float(std::string_view name, float fallback) const;
  std::string get_string(std::string_view name, std::string_view fallback) const;
  std::vector<int64_t> get_ints(std::string_view name) const;         ///< empty when missing
  std::vector<float> get_floats(std::string_view name) const;         ///< empty when missing
  std::vector<std::string> get_strings(std::string_view name) const;  ///< empty when missing
  const graph::Tensor* get_tensor(std::string_view name) const;       ///< null when missing
  const graph::Graph& get_graph(std::string_view name) const;

  /// Input `i` when it is known now (an initializer, a folded output), else null. Valid until the kernel is
  /// compiled; may be a huge borrowed view, perhaps unaligned.
  const Tensor* constant(size_t i) const;
  /// Small integer input `i` when it is known now. Throws when it is a constant of another type.
  std::optional<Dims> constant_dims(size_t i) const;
  /// The kernel has taken what it needs from constant `i`: the plan does not hold the constant for it, and
  /// `Context::input(i)` is absent at run time.
  void consume(size_t i);
  /// The kernel reads input `i` through `bytes()` or `units()`, so that an unaligned view need not be copied
  /// first.
  void accepts_unaligned(size_t i);
  /// Output `i` is known now. A node whose outputs are all known never runs (the compiler returns an empty
  /// Kernel).
  void set_constant_output(size_t i, Tensor tensor);

  /// Compiles a body whose free names are values of the graph around the node.
  Subgraph compile_subgraph(const graph::Graph& body);

  /// Throws kInvalidArgument unless the number of inputs is in [least, most] and the first `least` are given.
  void expect_inputs(size_t least, size_t most = SIZE_MAX) const;
  [[noreturn]] void fail(std::string message) const;              ///< kInvalidArgument
  [[noreturn]] void fail_unsupported(std::string message) const;  ///< kNotSupported

 private:
  friend class PlanBuilder;
  NodeSpec(const graph::Node& node, int64_t opset, PlanBuilder& builder)
      : node_(node), opset_(opset), builder_(builder) {}
  const graph::Attribute* find(std::string_view name) const;
  const graph::Attribute* find(std::string_view name, graph::AttributeType type) const;
  const graph::Attribute& require(std::string_view name, graph::AttributeType type) const;

  const graph::Node& node_;
  int64_t opset_;
  PlanBuilder& builder_;
  std::vector<bool> consumed_, unaligned_;
  std::vector<Tensor> constant_outputs_;
  std::vector<int32_t> captured_slots_;
};

/// A node while it runs.
class Context {
 public:
  size_t input_count() const { return inputs_.size(); }
  size_t output_count() const { return outputs_.size(); }
  bool has_input(size_t i) const {
    return i < inputs_.size() && inputs_[i] >= 0 && slots_[inputs_[i]].has_value();
  }
  bool has_output(size_t i) const { return i < outputs_.size() && outputs_[i] >= 0; }

  /// Throws kInvalidArgument when the input is absent or no tensor.
  const Tensor& input(size_t i) const { return value(i).tensor(); }
  /// Input `i`, perhaps absent, perhaps a sequence.
  const Value& value(size_t i) const;

  /// Allocates output `i` and returns it for writing. Valid while the kernel runs. When the node omits the
  /// output, a scratch tensor.
  Tensor& output(size_t i, DataType dtype, const Dims& dims);
  /// Gives output `i`: an input passed on, a view of one, a sequence.
  void set_output(size_t i, Value value);
  /// What output `i` has been given so far.
  const Value& output_value(size_t i) const;
  /// Lets `input(i)` give another tensor from now on, in this run of the node only (an input widened, say).
  void replace_input(size_t i, Tensor tensor);
  /// Input `i` for overwriting: the input itself when nobody needs it after this node, else a copy. Call it
  /// once, and do not call `input(i)` afterwards.
  Tensor own_input(size_t i);
  /// Memory that lives as long as the returned tensor, from the run's pool.
  Tensor scratch(DataType dtype, const Dims& dims) const { return Tensor::allocate(dtype, dims, &pool()); }
  BufferPool& pool() const;

  /// Runs a body; `inputs` are its own inputs in order. Throws what its nodes throw.
  std::vector<Value> run(const Subgraph& body, std::span<const Value> inputs);

  /// `RunOptions::user`: what the program behind the plan hands its own kernels (threads, caches).
  void* user() const;
  /// Throws kCancelled when the run was cancelled; for kernels that take long.
  void check_cancelled() const;

 private:
  friend class Plan;
  explicit Context(Workspace& workspace) : workspace_(workspace) {}

  Workspace& workspace_;
  Value* slots_ = nullptr;
  std::span<const int32_t> inputs_, outputs_;
  std::span<const int32_t> released_;               ///< slots that nobody reads after this node
  std::vector<std::pair<size_t, Value>> replaced_;  ///< inputs realigned or otherwise replaced
  std::vector<std::pair<size_t, std::unique_ptr<Value>>>
      omitted_outputs_;  ///< what is written there goes nowhere
};

/// Kernel compilers by domain, operator and the opset version that introduced them.
/// Fill it first; then it may be read from any thread.
class KernelRegistry {
 public:
  /// Registers a compiler for `op_type` from version `since` of the domain on, up to the next version
  /// registered. "ai.onnx" is "". A second registration of the same triple replaces the first.
  void add(std::string_view domain, std::string_view op_type, int64_t since, KernelCompiler compiler);
  /// The compiler for a node under opset `version`, or null.
  KernelCompiler find(std::string_view domain, std::string_view op_type, int64_t version) const;
  /// A registry with every operator of ai.onnx that the executor has.
  static KernelRegistry standard();

 private:
  struct Version {
    int64_t since;
    KernelCompiler compiler;
  };
  std::unordered_map<std::string, std::vector<Version>> operators_;  ///< key: domain ':' op_type
};

/// The entries of a one-dimensional (or scalar) int64 or int32 tensor: axes, a shape.
/// Throws kInvalidArgument for other types or ranks.
Dims read_dims(const Tensor& tensor);
/// The only element of an integer tensor.
int64_t read_integer(const Tensor& tensor);

}  // namespace tessera::exec
