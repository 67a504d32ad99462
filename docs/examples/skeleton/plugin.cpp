/// The smallest plugin that does something of each kind: an architecture, a transform and a backend. Copy it,
/// keep the class that you need, delete the others. The guide is docs/plugin-authors.md.
#include "tessera/sdk/plugin.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace graph = tessera::graph;
namespace sdk = tessera::sdk;
using tessera::Error;
using tessera::ErrorCode;

/// Builds `y = x` for checkpoints whose config.json says `"model_type": "skeleton"`.
class SkeletonArchitecture : public sdk::Architecture {
 public:
  std::string id() const override { return "skeleton"; }
  std::string summary() const override { return "a graph that returns its input"; }
  std::vector<std::string> model_types() const override { return {"skeleton"}; }

  sdk::Recognition recognise(std::string_view config) const override {
    // A real one parses the JSON. 100 says: this is my model_type.
    if (config.find(R"("model_type": "skeleton")") == std::string_view::npos) return {};
    return {100, "model_type is 'skeleton'"};
  }

  graph::Model build(const sdk::BuildArgs& args) const override {
    args.progress.report(0, 1, "building");
    graph::Model model;
    model.producer_name = "skeleton";
    model.opset_imports = {{"", 17}};
    model.graph.name = "skeleton";
    model.graph.inputs = {vector("x")};
    model.graph.outputs = {vector("y")};
    graph::Node node;
    node.op_type = "Identity";
    node.name = "identity";
    node.inputs = {"x"};
    node.outputs = {"y"};
    node.doc_string = "plugin=skeleton";
    model.graph.nodes.push_back(node);
    return model;
  }

 private:
  /// [n] float
  static graph::ValueInfo vector(const char* name) {
    graph::ValueInfo info;
    info.name = name;
    info.dtype = graph::DataType::kFloat;
    info.has_shape = true;
    info.shape.resize(1);
    info.shape[0].symbol = "n";
    return info;
  }
};

/// Renames the graph: a pass that is easy to see in a diff.
class RenameGraph : public sdk::Transform {
 public:
  std::string id() const override { return "rename-graph"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "gives the graph another name"; }
  std::vector<sdk::OptionInfo> options() const override {
    return {{"to", sdk::ValueType::kText, "renamed", "the new name"}};
  }

  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override {
    const std::string& name = args.options.text("to");
    if (model.graph.name == name) return false;
    model.graph.name = name;
    return true;
  }
};

/// Copies the input `x` to the output `y`, whatever the graph says.
class CopySession : public sdk::Session {
 public:
  void run(const sdk::RunArgs& args) override {
    const sdk::TensorView x = args.input("x");
    for (uint64_t i = 0; i < args.output_count(); ++i) {
      const sdk::TensorView y = args.output(i);
      if (y.bytes() != x.bytes())
        throw Error(ErrorCode::kInvalidArgument,
                    "output '" + std::string(y.name()) + "' is not of the input's size");
      if (x.bytes() > 0) std::memcpy(y.data(), x.data(), x.bytes());
    }
  }
  sdk::Value property(std::string_view key) const override { throw sdk::unknown_property(key); }
};

class CopyProgram : public sdk::Program {
 public:
  std::unique_ptr<sdk::Session> create_session(const sdk::SessionArgs&) override {
    return std::make_unique<CopySession>();
  }
  sdk::Value property(std::string_view key) const override {
    if (key == "weights.bytes") return sdk::Value(int64_t{0});
    throw sdk::unknown_property(key);
  }
};

class CopyBackend : public sdk::Backend {
 public:
  std::string id() const override { return "copy"; }
  std::string summary() const override { return "copies x to y"; }
  sdk::Value property(std::string_view key) const override {
    if (key == "functions.claimed") return sdk::Value(sdk::Value::Texts{});
    if (key == "batch.ragged") return sdk::Value(false);
    throw sdk::unknown_property(key);
  }
  std::unique_ptr<sdk::Program> compile(const sdk::CompileArgs& args) const override {
    if (args.model.empty()) throw Error(ErrorCode::kCorruptData, "the model is empty");
    args.host.log(sdk::LogLevel::kDebug, "copy", "compiled");
    return std::make_unique<CopyProgram>();
  }
};

}  // namespace

TESSERA_PLUGIN("skeleton", "0.1.0", "Apache-2.0", "Tessera", sdk::architecture<SkeletonArchitecture>(),
               sdk::transform<RenameGraph>(), sdk::backend<CopyBackend>())
