#include "runtime/model/compiled_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <unordered_set>

#include "core/config/pass_spec.hpp"
#include "core/graph/pass_manager.hpp"
#include "core/graph/weights_check.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/metadata.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

bool declares(const plugin::Backend& backend, std::string_view option) {
  const std::vector<sdk::OptionInfo> declared = backend.options();
  return std::any_of(declared.begin(), declared.end(),
                     [&](const sdk::OptionInfo& info) { return info.name == option; });
}

/// The property of the backend that names the passes for this graph; empty: it runs as it is.
std::string_view passes_property(const LoadedModel& model) {
  if (model.facts().task == "causal-lm") return "passes.default";
  const std::vector<std::string>& functions = model.info().graph_functions;
  const bool encoder =
      std::find(functions.begin(), functions.end(), "BidirectionalAttention") != functions.end();
  return encoder ? "passes.encoder" : "";
}

std::vector<Pass> parsed(const std::vector<std::string>& texts) {
  std::vector<Pass> passes;
  for (const std::string& text : texts) {
    PassSpec spec = parse_pass(text);
    passes.push_back({std::move(spec.id), std::move(spec.options)});
  }
  return passes;
}

std::vector<Pass> passes_of(const LoadedModel& model, const plugin::Backend& backend,
                            const CompileOptions& options) {
  if (options.reference) return {{"inline-functions", {}}};
  if (!options.passes.empty()) return options.passes;
  const auto chosen = backend.passes({.model = model.graph(),
                                      .base_dir = model.info().folder,
                                      .weights = model.weights(),
                                      .options = backend_options(backend, options),
                                      .progress = {}});
  if (chosen) return parsed(*chosen);
  std::vector<Pass> passes;
  const std::string_view property = passes_property(model);
  const std::optional<sdk::Value> wanted = property.empty() ? std::nullopt : backend.find_property(property);
  if (!wanted) return passes;
  passes = parsed(wanted->as_text_list());
  // Of a text's tokens only the masked ones need the large head.
  if (model.facts().task == "masked-lm" && !passes.empty()) passes.push_back({"select-logits", {}});
  return passes;
}

/// "qaic-kv-cache:slots=true 1 (plugin transforms 0.1.0)", a line for each pass.
std::string pass_list(const PluginRegistry& registry, const std::vector<Pass>& passes) {
  std::string text;
  for (const Pass& pass : passes) {
    const plugin::Transform& transform = registry.find_transform(pass.id);
    text += pass.id;
    char separator = ':';
    for (const auto& [name, value] : pass.options) {
      text += fmt::format("{}{}={}", separator, name, value);
      separator = ',';
    }
    text += fmt::format(" {} ({})\n", transform.version(), transform.plugin().name());
  }
  return text;
}

std::vector<ExposedValue> exposed_values(const graph::Model& model) {
  std::vector<ExposedValue> values;
  for (const graph::ValueInfo& output : model.graph.outputs) {
    if (output.name == "logits" || output.name.ends_with("_RetainedState")) continue;
    values.push_back({output.name, output.shape.empty() ? -1 : output.shape.back().value});
  }
  return values;
}

bool has_state(const graph::Model& model) {
  for (const graph::ValueInfo& output : model.graph.outputs) {
    if (output.name.ends_with("_RetainedState")) return true;
  }
  return false;
}

}  // namespace

plugin::OptionList backend_options(const plugin::Backend& backend, const CompileOptions& options) {
  plugin::OptionList list = options.backend_options;
  for (auto& [name, value] : list) std::replace(name.begin(), name.end(), '_', '-');
  const auto add = [&](const char* name, std::string value) {
    const bool given = std::any_of(list.begin(), list.end(), [&](const auto& o) { return o.first == name; });
    if (!given) list.emplace_back(name, std::move(value));
  };
  if (!options.isa.empty()) add("isa", options.isa);
  if (options.num_threads > 0) add("threads", std::to_string(options.num_threads));
  if (options.num_cores > 0) add("num-cores", std::to_string(options.num_cores));
  if (!options.num_speculative_tokens.empty() && declares(backend, "num-speculative-tokens")) {
    add("num-speculative-tokens", fmt::format("{}", fmt::join(options.num_speculative_tokens, ",")));
    add("speculative-model-type", "target");
  }
  // A backend without fixed shapes needs the context only when a session is made.
  if (options.ctx_len > 0 && declares(backend, "ctx-len")) add("ctx-len", std::to_string(options.ctx_len));
  return list;
}

std::string run_passes(const LoadedModel& model, const std::vector<Pass>& passes,
                       const CompileOptions& options, std::vector<std::pair<std::string, double>>* timings) {
  std::vector<graph::PassRequest> requests;
  for (const Pass& pass : passes) requests.push_back({pass.id, pass.options});
  for (const std::string& value : options.expose_values)
    requests.push_back({"expose-values", {{"values", value}}});
  const graph::RunPass run = [&](const graph::PassRequest& request, std::string_view bytes) {
    return model.registry()
        .find_transform(request.id)
        .apply({.model = bytes,
                .base_dir = model.info().folder,
                .weights = model.weights(),
                .options = request.options,
                .progress = plugin_progress(options.progress)})
        .value_or("");
  };
  graph::PassManagerOptions manager{.check = {graph::file_sizes_in(model.info().folder)},
                                    .architecture = model.architecture(),
                                    .dump_dir = options.dump_dir};
  if (options.progress) {
    manager.progress = [&](size_t done, size_t total, std::string_view) {
      return options.progress("running graph passes", done, total);
    };
  }
  graph::PassResult result = graph::run_passes(model.graph(), requests, run, manager);
  if (timings != nullptr) {
    for (const graph::PassReport& report : result.reports) {
      timings->emplace_back(report.id, report.pass_ms + report.check_ms);
    }
  }
  return std::move(result.model);
}

std::string graph_for_backend(const LoadedModel& model, const plugin::Backend& backend,
                              const std::vector<Pass>& passes, const std::string& bytes) {
  const std::vector<std::string> claimed = backend.property("functions.claimed").as_text_list();
  const std::unordered_set<std::string> names(claimed.begin(), claimed.end());
  graph::Model graph = graph::read_model(bytes);
  graph::inline_functions(graph,
                          [&](const graph::Function& function) { return names.contains(function.name); });
  graph.metadata_props.emplace_back(graph::metadata::kPasses, pass_list(model.registry(), passes));
  return graph::write_model(graph);
}

std::vector<Pass> passes_for(const LoadedModel& model, const CompileOptions& options) {
  return passes_of(model, model.registry().find_backend(options.backend), options);
}

CompiledModel::CompiledModel(LoadedModel& model, const CompileOptions& options)
    : CompiledModel(model, options, passes_for(model, options)) {}

CompiledModel::CompiledModel(LoadedModel& model, const CompileOptions& options,
                             const std::vector<Pass>& passes)
    : program_(compile(model, options, passes)) {}

plugin::Program CompiledModel::compile(LoadedModel& model, const CompileOptions& options,
                                       const std::vector<Pass>& passes) {
  model.registry().set_threads(static_cast<int>(options.num_threads));
  const plugin::Backend& backend = model.registry().find_backend(options.backend);
  std::string bytes = run_passes(model, passes, options, &info_.passes);
  graph_ = graph::read_model(bytes);
  stateless_ = !has_state(graph_);
  exposed_ = exposed_values(graph_);
  bytes = graph_for_backend(model, backend, passes, bytes);

  const Clock::time_point start = Clock::now();
  plugin::Program program = backend.compile({.model = bytes,
                                             .base_dir = model.info().folder,
                                             .weights = model.weights(),
                                             .options = backend_options(backend, options),
                                             .progress = plugin_progress(options.progress)});
  info_.compile_ms = milliseconds_since(start);
  info_.backend = options.backend;
  if (const auto files = program.find_property("files")) info_.files = files->as_text_list();
  if (const auto command = program.find_property("command")) info_.command = command->as_text();
  if (const auto path = program.find_property("artefact.path")) info_.artefact = path->as_text();
  if (const auto reused = program.find_property("artefact.reused")) info_.artefact_reused = reused->as_bool();
  if (const auto stand_in = program.find_property("stand-in")) info_.stand_in = stand_in->as_bool();
  // What is true of all programs of a backend, or of this one.
  auto invariant = program.find_property("bits.shape_invariant");
  if (!invariant) invariant = backend.find_property("bits.shape_invariant");
  info_.bits_promised = invariant && invariant->as_bool();
  info_.packed_weight_bytes = program.property("weights.bytes").as_int64();
  const auto isa = backend.find_property("isa");
  info_.isa = !options.isa.empty() ? options.isa : isa ? isa->as_text() : "";
  return program;
}

}  // namespace tessera
