#include "tessera/onnx_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>

#include "core/checkpoint/dtype.hpp"
#include "core/graph/onnx_library.hpp"
#include "core/plugin/backend.hpp"
#include "core/plugin/registry.hpp"
#include "runtime/api/onnx_file.hpp"
#include "runtime/api/onnx_weights.hpp"
#include "runtime/model/loaded_model.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;
using Dims = std::vector<int64_t>;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string dtype_text(graph::DataType type) {
  const std::optional<DType> known = dtype_from_onnx(type);
  return std::string(known ? dtype_name(*known) : graph::dtype_name(type));
}

OnnxValue describe(const graph::ValueInfo& info, bool has_default) {
  OnnxValue value;
  value.name = info.name;
  value.dtype = dtype_text(info.dtype);
  value.is_tensor = info.unknown_type.empty();
  value.has_shape = info.has_shape;
  value.has_default = has_default;
  for (const graph::Dimension& dim : info.shape) {
    value.shape.push_back(dim.value);
    value.symbols.push_back(dim.symbol);
  }
  return value;
}

std::string shape_text(const OnnxValue& value) {
  std::vector<std::string> dims;
  for (size_t i = 0; i < value.shape.size(); ++i) {
    dims.push_back(value.shape[i] >= 0        ? std::to_string(value.shape[i])
                   : value.symbols[i].empty() ? "?"
                                              : value.symbols[i]);
  }
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

/// Bytes of a tensor; nothing when its dimensions make no size.
std::optional<uint64_t> tensor_bytes(uint64_t element_bytes, const Dims& dims) {
  uint64_t bytes = element_bytes;
  for (const int64_t dim : dims) {
    if (dim < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(dim), &bytes)) return std::nullopt;
  }
  return bytes;
}

Error bad_input(std::string_view name, std::string message) {
  return Error(ErrorCode::kInvalidArgument, fmt::format("input '{}' {}", name, message)).key(name);
}

Error no_tensor(std::string_view kind, const OnnxValue& value) {
  return Error(
             ErrorCode::kNotSupported,
             value.is_tensor
                 ? fmt::format("{} '{}' has dtype {}, which safetensors lacks", kind, value.name, value.dtype)
                 : fmt::format("{} '{}' is a sequence, a map or optional, not a tensor", kind, value.name))
      .key(value.name);
}

void check_bytes(const OnnxTensor& tensor, DType dtype) {
  const std::optional<uint64_t> needed = tensor_bytes(dtype_size(dtype), tensor.dims);
  if (!needed || *needed != tensor.data.size()) {
    throw bad_input(tensor.name, fmt::format("has {} bytes, its shape [{}] of {} needs {}",
                                             tensor.data.size(), fmt::join(tensor.dims, ", "), tensor.dtype,
                                             needed ? std::to_string(*needed) : "more than memory has"));
  }
  if (dtype != DType::kBool) return;
  for (const std::byte value : tensor.data) {
    if (value <= std::byte{1}) continue;
    throw bad_input(tensor.name,
                    fmt::format("has the byte {} where BOOL has 0 or 1", static_cast<int>(value)));
  }
}

/// Checks dtype and shape against what the graph declares; a symbol means one number in all inputs.
void check_input(const OnnxValue& declared, const OnnxTensor& given,
                 std::map<std::string, int64_t>& symbols) {
  const std::optional<DType> dtype = find_dtype(declared.dtype);
  if (!declared.is_tensor || !dtype) throw no_tensor("input", declared);
  if (given.dtype != declared.dtype) {
    throw bad_input(given.name, fmt::format("has dtype {}, expected {}", given.dtype, declared.dtype));
  }
  check_bytes(given, *dtype);
  if (!declared.has_shape) return;
  const auto refuse = [&](const std::string& why) {
    throw bad_input(given.name, fmt::format("has shape [{}], expected {}{}", fmt::join(given.dims, ", "),
                                            shape_text(declared), why));
  };
  if (given.dims.size() != declared.shape.size()) refuse("");
  for (size_t i = 0; i < given.dims.size(); ++i) {
    if (declared.shape[i] >= 0 && given.dims[i] != declared.shape[i]) refuse("");
    if (declared.shape[i] >= 0 || declared.symbols[i].empty()) continue;
    const int64_t known = symbols.emplace(declared.symbols[i], given.dims[i]).first->second;
    if (known != given.dims[i])
      refuse(fmt::format(" with {} = {} as in another input", declared.symbols[i], known));
  }
}

bool has_state(const graph::Model& model) {
  return std::any_of(model.graph.outputs.begin(), model.graph.outputs.end(),
                     [](const graph::ValueInfo& info) { return info.name.ends_with("_RetainedState"); });
}

}  // namespace

struct OnnxModel::Impl {
  Impl(const std::filesystem::path& path, const OnnxLoadOptions& options)
      : registry(shared_registry(options.plugin_paths)),
        folder(path.parent_path()),
        weights(folder),
        model(read_onnx_file(path)) {
    std::unordered_set<std::string> initializers;
    for (const graph::Tensor& tensor : model.graph.initializers) initializers.insert(tensor.name);
    for (const graph::ValueInfo& info : model.graph.inputs) {
      inputs.push_back(describe(info, initializers.contains(info.name)));
    }
    for (const graph::ValueInfo& info : model.graph.outputs) outputs.push_back(describe(info, false));
  }

  void check_inputs(const std::vector<OnnxTensor>& given) const;
  std::vector<const OnnxValue*> wanted_outputs(const std::vector<std::string>& names) const;
  graph::Model without_defaults_of(const std::vector<OnnxTensor>& given) const;
  plugin::Program compile(graph::Model graph, const OnnxRunOptions& options) const;
  std::vector<Dims> output_shapes(const std::vector<const OnnxValue*>& wanted,
                                  const std::vector<OnnxTensor>& given, const OnnxRunOptions& options) const;
  std::vector<Dims> run_for_shapes(const std::vector<std::string>& values,
                                   const std::vector<OnnxTensor>& given, const OnnxRunOptions& options) const;

  std::shared_ptr<PluginRegistry> registry;
  std::filesystem::path folder;
  mutable OnnxWeights weights;
  graph::Model model;
  std::vector<OnnxValue> inputs, outputs;
  std::vector<std::string> program_key;  // options and given defaults of `program`
  std::optional<plugin::Program> program;
  OnnxModel::Times times;
};

namespace {

/// The caller's tensors for a run; they are not written to.
std::vector<plugin::RunTensor> run_inputs(const std::vector<OnnxTensor>& given) {
  std::vector<plugin::RunTensor> tensors;
  for (const OnnxTensor& tensor : given) {
    tensors.push_back({tensor.name, onnx_data_type(*find_dtype(tensor.dtype)), tensor.dims,
                       const_cast<std::byte*>(tensor.data.data()),  // NOLINT: inputs are read only
                       tensor.data.size()});
  }
  return tensors;
}

void run_program(const plugin::Program& program, const std::vector<OnnxTensor>& given,
                 std::vector<OnnxTensor>& results) {
  uint64_t most = 1;  // elements of an input: no step has more rows
  for (const OnnxTensor& tensor : given) {
    most = std::max<uint64_t>(most, tensor.data.size() / dtype_size(*find_dtype(tensor.dtype)));
  }
  plugin::Session session =
      program.create_session({.slots = 0, .ctx_len = most, .max_rows = most, .options = {}});
  std::vector<plugin::RunTensor> wanted;
  for (OnnxTensor& tensor : results) {
    wanted.push_back({tensor.name, onnx_data_type(*find_dtype(tensor.dtype)), tensor.dims, tensor.data.data(),
                      tensor.data.size()});
  }
  session.run(run_inputs(given), wanted);
}

OnnxTensor empty_tensor(const std::string& name, const std::string& dtype, const Dims& dims) {
  const std::optional<uint64_t> bytes = tensor_bytes(dtype_size(*find_dtype(dtype)), dims);
  if (!bytes) {
    throw Error(ErrorCode::kNotSupported,
                fmt::format("output '{}' would have the shape [{}]", name, fmt::join(dims, ", ")))
        .key(name);
  }
  try {
    return {name, dtype, dims, std::vector<std::byte>(*bytes)};
  } catch (const std::exception&) {  // bad_alloc, or length_error beyond what a vector counts
    throw Error(ErrorCode::kOutOfMemory,
                fmt::format("output '{}' of shape [{}] needs {} bytes", name, fmt::join(dims, ", "), *bytes))
        .key(name);
  }
}

}  // namespace

void OnnxModel::Impl::check_inputs(const std::vector<OnnxTensor>& given) const {
  std::map<std::string_view, const OnnxTensor*> by_name;
  std::vector<std::string_view> names;
  for (const OnnxValue& input : inputs) names.push_back(input.name);
  for (const OnnxTensor& tensor : given) {
    if (!by_name.emplace(tensor.name, &tensor).second) throw bad_input(tensor.name, "is given twice");
    if (std::find(names.begin(), names.end(), tensor.name) != names.end()) continue;
    throw bad_input(tensor.name, "is not an input of the graph").remedy(did_you_mean(tensor.name, names));
  }
  std::map<std::string, int64_t> symbols;
  for (const OnnxValue& input : inputs) {
    const auto found = by_name.find(input.name);
    if (found != by_name.end()) {
      check_input(input, *found->second, symbols);
    } else if (!input.has_default) {
      throw bad_input(input.name, "is missing")
          .remedy(fmt::format("the graph takes: {}", fmt::join(names, ", ")));
    }
  }
}

std::vector<const OnnxValue*> OnnxModel::Impl::wanted_outputs(const std::vector<std::string>& names) const {
  std::vector<const OnnxValue*> wanted;
  std::vector<std::string_view> known;
  for (const OnnxValue& output : outputs) known.push_back(output.name);
  const auto add = [&](const OnnxValue& output) {
    if (!output.is_tensor || !find_dtype(output.dtype)) {
      throw no_tensor("output", output).remedy("name the outputs that are wanted, without this one");
    }
    wanted.push_back(&output);
  };
  for (const std::string& name : names) {
    const auto found =
        std::find_if(outputs.begin(), outputs.end(), [&](const OnnxValue& o) { return o.name == name; });
    if (found == outputs.end()) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("the graph has no output '{}'", name))
          .key(name)
          .remedy(did_you_mean(name, known));
    }
    add(*found);
  }
  if (names.empty()) std::for_each(outputs.begin(), outputs.end(), add);
  return wanted;
}

graph::Model OnnxModel::Impl::without_defaults_of(const std::vector<OnnxTensor>& given) const {
  graph::Model copy = model;
  std::erase_if(copy.graph.initializers, [&](const graph::Tensor& tensor) {
    return std::any_of(given.begin(), given.end(),
                       [&](const OnnxTensor& t) { return t.name == tensor.name; });
  });
  return copy;
}

plugin::Program OnnxModel::Impl::compile(graph::Model graph, const OnnxRunOptions& options) const {
  registry->set_threads(static_cast<int>(options.num_threads));
  const plugin::Backend& backend = registry->find_backend(options.backend);
  const std::vector<std::string> claimed = backend.property("functions.claimed").as_text_list();
  // Caches of such a graph are inputs and outputs like any other here: nothing is retained.
  const bool plain = has_state(graph);
  graph::inline_functions(graph, [&](const graph::Function& function) {
    return !plain && function.domain == graph::kTesseraDomain &&
           std::find(claimed.begin(), claimed.end(), function.name) != claimed.end();
  });
  plugin::OptionList backend_options = options.backend_options;
  if (!options.isa.empty()) backend_options.emplace_back("isa", options.isa);
  if (options.num_threads > 0) backend_options.emplace_back("threads", std::to_string(options.num_threads));
  const std::string bytes = graph::write_model(graph);
  const std::string base_dir = folder.string();
  return backend.compile({.model = bytes,
                          .base_dir = base_dir,
                          .weights = weights.c(),
                          .options = backend_options,
                          .progress = {}});
}

std::vector<Dims> OnnxModel::Impl::output_shapes(const std::vector<const OnnxValue*>& wanted,
                                                 const std::vector<OnnxTensor>& given,
                                                 const OnnxRunOptions& options) const {
  graph::Model outline = outline_of(without_defaults_of(given));
  for (graph::ValueInfo& info : outline.graph.inputs) {
    for (const OnnxTensor& tensor : given) {
      if (tensor.name != info.name) continue;
      std::vector<graph::Dimension> dims;
      for (const int64_t dim : tensor.dims) dims.push_back(graph::fixed_dim(dim));
      info = graph::tensor_value(info.name, info.dtype, std::move(dims));
    }
  }
  std::map<std::string, Dims> known;
  for (const graph::ValueInfo& info : graph::infer_outputs(outline)) {
    Dims dims;
    for (const graph::Dimension& dim : info.shape) dims.push_back(dim.value);
    const bool complete =
        info.has_shape && std::all_of(dims.begin(), dims.end(), [](int64_t dim) { return dim >= 0; });
    if (complete) known.emplace(info.name, std::move(dims));
  }
  std::vector<std::string> unknown;
  for (const OnnxValue* output : wanted) {
    if (!known.count(output->name)) unknown.push_back(output->name);
  }
  if (!unknown.empty()) {
    const std::vector<Dims> found = run_for_shapes(unknown, given, options);
    for (size_t i = 0; i < unknown.size(); ++i) known.emplace(unknown[i], found[i]);
  }
  std::vector<Dims> shapes;
  for (const OnnxValue* output : wanted) shapes.push_back(known.at(output->name));
  return shapes;
}

std::vector<Dims> OnnxModel::Impl::run_for_shapes(const std::vector<std::string>& values,
                                                  const std::vector<OnnxTensor>& given,
                                                  const OnnxRunOptions& options) const {
  graph::Model probe = without_defaults_of(given);
  std::vector<OnnxTensor> shapes;
  for (const std::string& name : replace_outputs_by_shapes(probe, values)) {
    shapes.push_back(empty_tensor(name, "I64", {kShapeOutputLength}));
  }
  run_program(compile(std::move(probe), options), given, shapes);
  std::vector<Dims> found;
  for (const OnnxTensor& shape : shapes) {
    const auto* begin = reinterpret_cast<const int64_t*>(shape.data.data());
    found.emplace_back(begin, std::find(begin, begin + kShapeOutputLength, -1));
  }
  return found;
}

OnnxModel::OnnxModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OnnxModel::OnnxModel(OnnxModel&&) noexcept = default;
OnnxModel& OnnxModel::operator=(OnnxModel&&) noexcept = default;
OnnxModel::~OnnxModel() = default;

OnnxModel OnnxModel::load(std::string_view path, const OnnxLoadOptions& options) {
  return OnnxModel(std::make_unique<Impl>(std::filesystem::path(path), options));
}

const std::vector<OnnxValue>& OnnxModel::inputs() const {
  return impl_->inputs;
}

const std::vector<OnnxValue>& OnnxModel::outputs() const {
  return impl_->outputs;
}

const OnnxModel::Times& OnnxModel::times() const {
  return impl_->times;
}

std::vector<OnnxTensor> OnnxModel::run(const std::vector<OnnxTensor>& inputs, const OnnxRunOptions& options) {
  impl_->check_inputs(inputs);
  const std::vector<const OnnxValue*> wanted = impl_->wanted_outputs(options.outputs);
  impl_->times = {};

  std::vector<std::string> key = {options.backend, options.isa, std::to_string(options.num_threads)};
  for (const auto& [name, value] : options.backend_options) key.push_back(fmt::format("{}={}", name, value));
  for (const OnnxValue& input : impl_->inputs) {
    const bool replaced =
        input.has_default &&
        std::any_of(inputs.begin(), inputs.end(), [&](const OnnxTensor& t) { return t.name == input.name; });
    if (replaced) key.push_back(input.name);
  }
  if (!impl_->program || impl_->program_key != key) {
    const Clock::time_point start = Clock::now();
    impl_->program.reset();
    impl_->program.emplace(impl_->compile(impl_->without_defaults_of(inputs), options));
    impl_->program_key = std::move(key);
    impl_->times.compile_ms = milliseconds_since(start);
  }

  const std::vector<Dims> shapes = impl_->output_shapes(wanted, inputs, options);
  std::vector<OnnxTensor> results;
  for (size_t i = 0; i < wanted.size(); ++i) {
    results.push_back(empty_tensor(wanted[i]->name, wanted[i]->dtype, shapes[i]));
  }
  const Clock::time_point start = Clock::now();
  run_program(*impl_->program, inputs, results);
  impl_->times.run_ms = milliseconds_since(start);
  return results;
}

}  // namespace tessera
