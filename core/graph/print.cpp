#include "core/graph/print.hpp"

#include <fmt/format.h>

#include <cstring>
#include <iterator>
#include <unordered_map>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/edit.hpp"

namespace tessera::graph {
namespace {

constexpr size_t kMaxPrintedElements = 8;

std::string dims_text(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

/// The elements of a small int64, int32 or float32 tensor; other tensors are described by their size.
std::string elements_text(const Tensor& tensor) {
  const auto read = [&](auto element) {
    std::string text;
    for (size_t at = 0; at + sizeof element <= tensor.raw_data.size(); at += sizeof element) {
      std::memcpy(&element, tensor.raw_data.data() + at, sizeof element);
      text += fmt::format("{}{}", at == 0 ? "" : ", ", element);
    }
    return fmt::format("({})", text);
  };
  if (tensor.dtype == DataType::kInt64 && tensor.raw_data.size() <= 8 * kMaxPrintedElements)
    return read(int64_t());
  if (tensor.dtype == DataType::kInt32 && tensor.raw_data.size() <= 4 * kMaxPrintedElements)
    return read(int32_t());
  if (tensor.dtype == DataType::kFloat && tensor.raw_data.size() <= 4 * kMaxPrintedElements)
    return read(float());
  if (tensor.dtype == DataType::kString) return fmt::format("({} strings)", tensor.string_data.size());
  return fmt::format("({} bytes)", tensor.raw_data.size());
}

std::string tensor_text(const Tensor& tensor) {
  std::string text = fmt::format("{} {}", dtype_name(tensor.dtype), dims_text(tensor.dims));
  if (!tensor.external) return text + " " + elements_text(tensor);
  return text + fmt::format(" at {} + {}, {} bytes", tensor.external->location, tensor.external->offset,
                            tensor.external->length);
}

class Printer {
 public:
  explicit Printer(const PrintOptions& options) : options_(options) {}

  std::string print(const Model& model) {
    line("ir_version {}{}", model.ir_version, opsets_text(model.opset_imports));
    for (const auto& [key, value] : model.metadata_props) line("metadata {} = {}", key, value);
    graph(model.graph);
    for (const Function& function : model.functions) print(function);
    return std::move(text_);
  }

 private:
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_.append(indent_, ' ');
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  static std::string opsets_text(const std::vector<OpsetId>& opsets) {
    std::string text;
    for (const OpsetId& opset : opsets) {
      text += fmt::format("  opset {} {}", opset.domain.empty() ? "\"\"" : opset.domain, opset.version);
    }
    return text;
  }

  void graph(const Graph& graph) {
    std::unordered_map<std::string, const ValueInfo*> types;
    for (const ValueInfo& info : graph.outputs) types.emplace(info.name, &info);
    for (const ValueInfo& info : graph.value_info) types.emplace(info.name, &info);
    for (const ValueInfo& input : graph.inputs) line("input {} {}", input.name, print_type(input));
    for (const Tensor& weight : graph.initializers) line("weight {} {}", weight.name, tensor_text(weight));
    for (const Node& node : graph.nodes) print(node, types);
    for (const ValueInfo& output : graph.outputs) line("output {} {}", output.name, print_type(output));
  }

  void print(const Function& function) {
    const std::string attributes =
        function.attributes.empty() ? "" : fmt::format(" {{{}}}", fmt::join(function.attributes, ", "));
    line("function {}.{}({}){} -> {}", function.domain, function.name, fmt::join(function.inputs, ", "),
         attributes, fmt::join(function.outputs, ", "));
    if (!options_.functions) return;
    indent_ += 2;
    for (const Node& node : function.nodes) print(node, {});
    indent_ -= 2;
  }

  void print(const Node& node, const std::unordered_map<std::string, const ValueInfo*>& types) {
    std::string outputs;
    for (const std::string& output : node.outputs) {
      if (!outputs.empty()) outputs += ", ";
      outputs += output.empty() ? "_" : output;
      const auto type = types.find(output);
      if (type != types.end()) outputs += fmt::format(" {}", print_type(*type->second));
    }
    std::string inputs;
    for (const std::string& input : node.inputs) {
      if (!inputs.empty()) inputs += ", ";
      inputs += input.empty() ? "_" : input;
    }
    const std::string name = node.name.empty() ? std::string() : fmt::format("{}: ", node.name);
    const std::string note = options_.provenance && !node.doc_string.empty()
                                 ? fmt::format("  # {}", node.doc_string)
                                 : std::string();
    line("{}{} = {}({}){}{}", name, outputs, qualified_op(node), inputs, attributes_text(node), note);
    for (const Attribute& attribute : node.attributes) {
      for (const Graph& inner : attribute.graphs) subgraph(attribute.name, inner);
    }
  }

  void subgraph(const std::string& attribute, const Graph& inner) {
    indent_ += 2;
    line("{} graph {}", attribute, inner.name);
    indent_ += 2;
    graph(inner);
    indent_ -= 4;
  }

  static std::string attributes_text(const Node& node) {
    std::string text;
    for (const Attribute& attribute : node.attributes) {
      text += fmt::format("{}{}={}", text.empty() ? "" : ", ", attribute.name, value_text(attribute));
    }
    return text.empty() ? std::string() : fmt::format(" {{{}}}", text);
  }

  static std::string value_text(const Attribute& attribute) {
    if (!attribute.ref_attr_name.empty()) return fmt::format("@{}", attribute.ref_attr_name);
    switch (attribute.type) {
      case AttributeType::kFloat:
        return fmt::format("{}", attribute.f);
      case AttributeType::kInt:
        return fmt::format("{}", attribute.i);
      case AttributeType::kString:
        return fmt::format("\"{}\"", attribute.s);
      case AttributeType::kFloats:
        return fmt::format("[{}]", fmt::join(attribute.floats, ", "));
      case AttributeType::kInts:
        return fmt::format("[{}]", fmt::join(attribute.ints, ", "));
      case AttributeType::kStrings:
        return fmt::format("[\"{}\"]", fmt::join(attribute.strings, "\", \""));
      case AttributeType::kTensor:
        return attribute.tensors.empty() ? "no tensor" : tensor_text(attribute.tensors[0]);
      case AttributeType::kTensors:
        return fmt::format("{} tensors", attribute.tensors.size());
      case AttributeType::kGraph:
        return "graph";
      case AttributeType::kGraphs:
        return fmt::format("{} graphs", attribute.graphs.size());
      case AttributeType::kUndefined:
        break;
    }
    return "?";
  }

  PrintOptions options_;
  std::string text_;
  size_t indent_ = 0;
};

}  // namespace

std::string print_model(const Model& model, const PrintOptions& options) {
  return Printer(options).print(model);
}

std::string print_type(const ValueInfo& info) {
  if (!info.unknown_type.empty()) return "no tensor";
  std::string text(dtype_name(info.dtype));
  if (!info.has_shape) return text;
  std::string dims;
  for (const Dimension& dim : info.shape) {
    if (!dims.empty()) dims += ", ";
    dims += dim.value >= 0 ? fmt::format("{}", dim.value) : dim.symbol.empty() ? "?" : dim.symbol;
  }
  return fmt::format("{} [{}]", text, dims);
}

}  // namespace tessera::graph
