#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "tessera/onnx_model.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

std::vector<OnnxTensor> read_tensors(const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::vector<OnnxTensor> tensors;
  for (const StoredTensor& stored : file.tensors()) {
    const std::span<const std::byte> bytes = file.bytes(stored);
    tensors.push_back(
        {stored.name, std::string(dtype_name(stored.dtype)), stored.dims, {bytes.begin(), bytes.end()}});
  }
  return tensors;
}

void write_tensors(const std::string& path, const std::vector<OnnxTensor>& tensors) {
  SafetensorsWriter writer(path);
  for (const OnnxTensor& tensor : tensors)
    writer.declare(tensor.name, *find_dtype(tensor.dtype), tensor.dims);
  for (const OnnxTensor& tensor : tensors) writer.append(tensor.data);
  writer.finish();
}

OnnxRunOptions run_options(const Arguments& arguments, const Config& config) {
  return {.backend = config.text("compile.backend"),
          .num_threads = config.integer("compile.num_threads"),
          .isa = config.text("compile.isa"),
          .backend_options = config.options("compile.options"),
          .outputs = arguments.list("outputs")};
}

json::object tensors_json(const std::vector<OnnxTensor>& tensors) {
  json::object object;
  for (const OnnxTensor& t : tensors) {
    object[t.name] = json::object{{"dtype", t.dtype}, {"shape", to_json(t.dims)}};
  }
  return object;
}

}  // namespace

int run_onnx_run(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("onnx-run FILE.onnx [--inputs IN.safetensors] -o OUT.safetensors");
  arguments.add_positional("model");
  arguments.add_flags(
      "Tensors",
      {{"inputs", 'i', "FILE", "", "safetensors file with the graph's inputs, by their names"},
       {"output", 'o', "FILE", "", "safetensors file that receives the graph's outputs, by their names"},
       {"outputs", '\0', "NAME", "", "an output that is wanted, repeatable; default: all", true}});
  arguments.add_settings("Graph", {"model", "plugin_paths"});
  arguments.add_settings("Compilation",
                         {"compile.backend", "compile.num_threads", "compile.isa", "compile.options"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  if (!config.has("model")) throw UsageError("no graph given", "onnx-run FILE.onnx");
  if (!arguments.has("output")) throw UsageError("no output file given", "-o OUT.safetensors");

  OnnxModel model = OnnxModel::load(config.text("model"), {.plugin_paths = config.list("plugin_paths")});
  const std::vector<OnnxTensor> inputs =
      arguments.has("inputs") ? read_tensors(arguments.get("inputs")) : std::vector<OnnxTensor>();
  const std::vector<OnnxTensor> outputs = model.run(inputs, run_options(arguments, config));
  write_tensors(arguments.get("output"), outputs);

  if (config.boolean("output.json")) {
    write_json(json::object{{"file", arguments.get("output")},
                            {"backend", config.text("compile.backend")},
                            {"inputs", tensors_json(inputs)},
                            {"outputs", tensors_json(outputs)},
                            {"metrics", json::object{{"compile_s", model.times().compile_ms / 1e3},
                                                     {"run_s", model.times().run_ms / 1e3}}}});
    return kExitOk;
  }
  for (const OnnxTensor& tensor : outputs) {
    note(fmt::format("{} {} [{}]", tensor.name, tensor.dtype, fmt::join(tensor.dims, ", ")));
  }
  note(fmt::format("wrote {} tensors to {} ({:.1f} ms to compile, {:.1f} ms to run)", outputs.size(),
                   arguments.get("output"), model.times().compile_ms, model.times().run_ms));
  return kExitOk;
}

}  // namespace tessera::cli
