#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "tessera/auto_model.hpp"
#include "tessera/inspect.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

json::object tensors_json(const std::vector<CheckpointTensor>& tensors) {
  json::object object;
  for (const CheckpointTensor& t : tensors) {
    object[t.name] = json::object{{"dtype", t.dtype},
                                  {"shape", to_json(t.shape)},
                                  {"file", t.file},
                                  {"offset", t.offset},
                                  {"bytes", t.bytes}};
  }
  return object;
}

std::string tensors_text(const std::vector<CheckpointTensor>& tensors) {
  std::string out;
  for (const CheckpointTensor& t : tensors) {
    out += fmt::format("{:<60} {:<8} [{}]  {}\n", t.name, t.dtype, fmt::join(t.shape, ", "), t.file);
  }
  return out;
}

struct MemoryPlan {
  uint64_t weights, kv_per_token, ctx_len, kv_tokens, total;
};

MemoryPlan memory_plan(const ModelInfo& info, int64_t ctx_len) {
  const int64_t tokens = ctx_len > 0 ? ctx_len : info.max_positions;
  const auto kept = static_cast<uint64_t>(info.kv_tokens(tokens));
  return {info.weight_bytes, info.kv_bytes_per_token, static_cast<uint64_t>(tokens), kept,
          info.weight_bytes + info.kv_bytes_per_token * kept};
}

json::object model_json(const ModelInfo& info, const MemoryPlan& plan) {
  return {{"folder", info.folder},
          {"architecture", info.architecture},
          {"plugin", info.architecture_plugin},
          {"task", info.task},
          {"parameters", info.parameters},
          {"layers", info.layers},
          {"kv_heads", info.kv_heads},
          {"head_dim", info.head_dim},
          {"vocab_size", info.vocab_size},
          {"max_positions", info.max_positions},
          {"graph", json::object{{"nodes", info.graph_nodes}, {"functions", to_json(info.graph_functions)}}},
          {"memory", json::object{{"weight_bytes", plan.weights},
                                  {"kv_bytes_per_token", plan.kv_per_token},
                                  {"ctx_len", plan.ctx_len},
                                  {"kv_tokens", plan.kv_tokens},
                                  {"kv_bytes", plan.kv_per_token * plan.kv_tokens},
                                  {"total_bytes", plan.total}}},
          {"warnings", to_json(info.warnings)}};
}

std::string model_text(const ModelInfo& info, const MemoryPlan& plan) {
  const auto mb = [](uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
  std::string out;
  const auto line = [&](std::string_view label, const std::string& text) {
    out += fmt::format("{:<14} {}\n", label, text);
  };
  line("model", info.folder);
  line("architecture", fmt::format("{} ({})", info.architecture, info.architecture_plugin));
  line("task", info.task);
  line("parameters", fmt::format("{:.2f} M", static_cast<double>(info.parameters) / 1e6));
  line("layers", fmt::format("{}, {} KV heads of {}", info.layers, info.kv_heads, info.head_dim));
  line("vocabulary", fmt::format("{} rows", info.vocab_size));
  line("positions", fmt::format("{}", info.max_positions));
  line("graph",
       fmt::format("{} nodes, functions {}", info.graph_nodes, fmt::join(info.graph_functions, ", ")));
  line(
      "memory",
      plan.kv_per_token == 0
          ? fmt::format("{:.1f} MB weights", mb(plan.weights))
          : fmt::format("{:.1f} MB weights + {:.1f} MB for {} tokens of KV cache ({} bytes each) = {:.1f} MB",
                        mb(plan.weights), mb(plan.kv_per_token * plan.kv_tokens), plan.kv_tokens,
                        plan.kv_per_token, mb(plan.total)));
  if (plan.kv_tokens < plan.ctx_len) {
    line("window",
         fmt::format("{} tokens: {} more are kept for the largest step, for a context of {}", info.window,
                     plan.kv_tokens - static_cast<uint64_t>(info.window), plan.ctx_len));
  }
  for (const std::string& warning : info.warnings) line("warning", warning);
  return out;
}

int inspect_file(const std::string& path, bool as_json) {
  const std::vector<CheckpointTensor> tensors = list_tensors(path);
  if (as_json) {
    write_json(json::object{{"file", path}, {"tensors", tensors_json(tensors)}});
  } else {
    write_stdout(tensors_text(tensors));
  }
  return kExitOk;
}

json::object qpc_json(const std::string& path, const QpcDescription& qpc) {
  json::array bindings, specializations, segments;
  for (const QpcBinding& b : qpc.bindings)
    bindings.push_back(json::object{{"name", b.name},
                                    {"direction", b.output ? "output" : "input"},
                                    {"dtype", b.dtype},
                                    {"shape", to_json(b.shape)},
                                    {"bytes", b.bytes},
                                    {"may_be_skipped", b.may_be_skipped}});
  for (const QpcSpecialization& s : qpc.specializations) {
    json::object shapes;
    for (size_t i = 0; i < s.shapes.size(); ++i) shapes[qpc.bindings[i].name] = to_json(s.shapes[i]);
    specializations.push_back(std::move(shapes));
  }
  for (const QpcSegment& s : qpc.segments)
    segments.push_back(json::object{{"name", s.name}, {"bytes", s.bytes}});
  return {{"file", path},
          {"network", qpc.network},
          {"stand_in", qpc.stand_in},
          {"num_cores", qpc.num_cores},
          {"static_constants_bytes", qpc.static_constants_bytes},
          {"dynamic_constants_bytes", qpc.dynamic_constants_bytes},
          {"bindings", std::move(bindings)},
          {"specializations", std::move(specializations)},
          {"segments", std::move(segments)}};
}

std::string qpc_text(const QpcDescription& qpc) {
  std::string out = fmt::format("{:<14} {}\n", "network", qpc.network);
  if (qpc.stand_in) out += fmt::format("{:<14} {}\n", "made by", "the stand-in compiler: runs on no card");
  out += fmt::format("{:<14} {}\n{:<14} {} bytes shared, {} bytes for each activation\n", "cores",
                     qpc.num_cores, "constants", qpc.static_constants_bytes, qpc.dynamic_constants_bytes);
  out += "\nbindings\n";
  for (const QpcBinding& b : qpc.bindings)
    out += fmt::format("  {:<6} {:<32} {:<8} [{}]{}\n", b.output ? "output" : "input", b.name, b.dtype,
                       fmt::join(b.shape, ", "), b.may_be_skipped ? "  may be skipped" : "");
  for (size_t i = 0; i < qpc.specializations.size(); ++i) {
    out += fmt::format("\nspecialization {}\n", i);
    for (size_t b = 0; b < qpc.specializations[i].shapes.size(); ++b)
      out += fmt::format("  {:<39} [{}]\n", qpc.bindings[b].name,
                         fmt::join(qpc.specializations[i].shapes[b], ", "));
  }
  out += "\nsegments\n";
  for (const QpcSegment& s : qpc.segments) out += fmt::format("  {:<39} {} bytes\n", s.name, s.bytes);
  return out;
}

int inspect_qpc_file(const std::string& path, bool as_json) {
  const QpcDescription qpc = inspect_qpc(path);
  if (as_json) {
    write_json(qpc_json(path, qpc));
  } else {
    write_stdout(qpc_text(qpc));
  }
  return kExitOk;
}

}  // namespace

int run_inspect(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("inspect MODEL | FILE.safetensors | FILE.qpc");
  arguments.add_positional("model");
  arguments.add_flags("Inspect",
                      {{"tensors", '\0', "", "", "list the tensors of the checkpoint"},
                       {"graph", '\0', "", "", "print the graph, after the passes when --passes is given"}});
  arguments.add_settings("Model", {"model", "plugin_paths", "task", "compile.passes", "compile.ctx_len"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const bool as_json = config.boolean("output.json");
  const std::string path = model_of(config);
  if (std::filesystem::is_regular_file(path))
    return looks_like_qpc(path) ? inspect_qpc_file(path, as_json) : inspect_file(path, as_json);

  const AutoModel model = AutoModel::from_pretrained(path, load_options(config));
  const MemoryPlan plan = memory_plan(model.info(), config.integer("compile.ctx_len"));
  if (as_json) {
    json::object object = model_json(model.info(), plan);
    object["tensors"] = tensors_json(list_tensors(path));
    if (arguments.has("graph")) object["graph_text"] = model.graph_text(compile_options(config).passes);
    write_json(object);
    return kExitOk;
  }
  write_stdout(model_text(model.info(), plan));
  if (arguments.has("tensors")) write_stdout("\n" + tensors_text(list_tensors(path)));
  if (arguments.has("graph")) write_stdout("\n" + model.graph_text(compile_options(config).passes));
  return kExitOk;
}

}  // namespace tessera::cli
