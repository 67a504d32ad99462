#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "tessera/auto_model.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

int export_graph(AutoModel& model, const Arguments& arguments, const CompileOptions& options, bool as_json) {
  const std::string folder = arguments.get("export-only");
  const std::string weights = arguments.get("weights");
  if (weights != "link" && weights != "copy") {
    throw UsageError(fmt::format("--weights: '{}' is neither link nor copy", weights), "");
  }
  const std::vector<std::string> files = model.export_onnx(folder, weights == "copy", options);
  if (as_json) {
    write_json(json::object{{"folder", folder}, {"files", to_json(files)}});
  } else {
    for (const std::string& file : files) write_stdout(file + "\n");
  }
  return kExitOk;
}

}  // namespace

int run_compile(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("compile MODEL [-o DIR | --export-only DIR]");
  arguments.add_positional("model");
  arguments.add_flags(
      "Export", {{"export-only", '\0', "DIR", "",
                  "write the graph as ONNX with its weights beside it: the pure graph, or after the passes "
                  "of --passes"},
                 {"weights", '\0', "link|copy", "link",
                  "how weights come into DIR: hard links (copies where links are refused), or copies"},
                 {"output-dir", 'o', "DIR", "", "folder for what the backend writes"}});
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const bool as_json = config.boolean("output.json");
  AutoModel model = AutoModel::from_pretrained(model_of(config), load_options(config));
  for (const std::string& warning : model.info().warnings) note("warning: " + warning);
  if (arguments.has("export-only")) return export_graph(model, arguments, compile_options(config), as_json);

  CompileOptions options = compile_options(config);
  if (arguments.has("output-dir"))
    options.backend_options.emplace_back("output-dir", arguments.get("output-dir"));
  model.compile(options);
  const CompileInfo& info = model.compile_info();
  if (as_json) {
    json::array passes;
    for (const auto& [id, ms] : info.passes) passes.push_back(json::object{{"id", id}, {"ms", ms}});
    write_json(
        json::object{{"backend", info.backend},
                     {"isa", info.isa},
                     {"passes", passes},
                     {"compile_ms", info.compile_ms},
                     {"packed_weight_bytes", info.packed_weight_bytes},
                     {"files", to_json(info.files)},
                     {"command", info.command},
                     {"artefact", info.artefact.empty() ? json::value(nullptr) : json::value(info.artefact)},
                     {"artefact_reused", info.artefact_reused}});
    return kExitOk;
  }
  for (const auto& [id, ms] : info.passes) write_stdout(fmt::format("pass {:<18} {:8.2f} ms\n", id, ms));
  for (const std::string& file : info.files) write_stdout(file + "\n");
  if (!info.command.empty()) write_stdout(info.command + "\n");
  if (!info.files.empty()) return kExitOk;
  if (!info.artefact.empty())
    write_stdout(fmt::format("{} {}\n", info.artefact_reused ? "from the cache" : "kept", info.artefact));
  write_stdout(fmt::format("compiled for {}{} in {:.1f} ms, {:.1f} MB of packed weights\n", info.backend,
                           info.isa.empty() ? "" : " (" + info.isa + ")", info.compile_ms,
                           static_cast<double>(info.packed_weight_bytes) / 1e6));
  return kExitOk;
}

}  // namespace tessera::cli
