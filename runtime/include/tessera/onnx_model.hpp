/// Any ONNX graph, run as it is: no checkpoint, no tokens, tensors in and tensors out.
///
///     auto model = tessera::OnnxModel::load("graph.onnx");
///     for (const OnnxTensor& y : model.run({x})) std::cout << y.name;
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera {

/// A tensor of the caller, row-major, little-endian.
struct OnnxTensor {
  std::string name;
  std::string dtype;  ///< as safetensors spells it: BOOL U8 I8 U16 I16 F16 BF16 U32 I32 F32 U64 I64 F64
  std::vector<int64_t> dims;  ///< empty: a scalar
  std::vector<std::byte> data;
};

/// What the graph says of an input or output.
struct OnnxValue {
  std::string name;
  std::string dtype;           ///< as above; ONNX's name ("string", "complex64") for what safetensors lacks
  bool is_tensor = true;       ///< false: a sequence, map or optional
  bool has_shape = false;      ///< false: any rank
  std::vector<int64_t> shape;  ///< -1: any size
  std::vector<std::string> symbols;  ///< one a dimension: "batch"; empty where it has none
  bool has_default = false;          ///< an initializer has its name: it need not be given
};

struct OnnxLoadOptions {
  std::vector<std::string> plugin_paths = {};  ///< plugin files or folders beside the default ones
};

struct OnnxRunOptions {
  std::string backend = "cpu";
  int64_t num_threads = 0;  ///< 0: what affinity and cgroup quota allow
  std::string isa = {};     ///< instruction set tier of the cpu backend; empty: the best
  std::vector<std::pair<std::string, std::string>> backend_options = {};
  std::vector<std::string> outputs = {};  ///< names of those wanted; empty: all
};

/// A graph of opset 17 or older with its local functions and external data. Movable. One call at a time.
class OnnxModel {
 public:
  /// Reads and checks the graph and where its external data lies (beside the file). Throws Error: kNotFound,
  /// kCorruptData for what is no ONNX model, kNotSupported naming node and operator for a newer opset or a
  /// domain that is neither ONNX's nor a function of the model.
  static OnnxModel load(std::string_view path, const OnnxLoadOptions& options = {});
  OnnxModel(OnnxModel&&) noexcept;
  OnnxModel& operator=(OnnxModel&&) noexcept;
  ~OnnxModel();

  const std::vector<OnnxValue>& inputs() const;  ///< weights are none
  const std::vector<OnnxValue>& outputs() const;

  /// The outputs in the graph's order, or in that of `options.outputs`. Runs with one set of options and of
  /// given names share one compilation. Throws Error: kInvalidArgument naming the input that is missing,
  /// unknown, or of another dtype or shape; kNotSupported for inputs and outputs that are no tensors with
  /// elements of fixed size; kNotSupported listing the nodes that the backend cannot run.
  ///
  /// Shapes of outputs are inferred from those of the inputs. Where they depend on data (NonZero), the graph
  /// runs once more beforehand to find them.
  std::vector<OnnxTensor> run(const std::vector<OnnxTensor>& inputs, const OnnxRunOptions& options = {});

  /// Of the last run.
  struct Times {
    double compile_ms = 0, run_ms = 0;  ///< compile_ms is 0 where an earlier compilation served
  };
  const Times& times() const;

 private:
  struct Impl;
  explicit OnnxModel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tessera
