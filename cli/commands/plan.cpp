#include <fmt/format.h>

#include <boost/json.hpp>
#include <optional>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "tessera/plan.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

/// A value of the backend's plan as lines: objects and lists of objects indented, bytes in megabytes.
void append(std::string& out, const std::string& key, const json::value& value, size_t depth) {
  const std::string indent(2 * depth, ' ');
  if (const json::object* object = value.if_object()) {
    out += fmt::format("{}{}\n", indent, key);
    for (const auto& [name, inner] : *object) append(out, std::string(name), inner, depth + 1);
  } else if (const json::array* list = value.if_array()) {
    out += fmt::format("{}{}\n", indent, key);
    for (const json::value& item : *list) out += fmt::format("{}  {}\n", indent, json::serialize(item));
  } else if (key.ends_with("_bytes") && value.is_int64()) {
    out += fmt::format("{}{:<20} {:.2f} MB\n", indent, key, static_cast<double>(value.as_int64()) / 1e6);
  } else {
    out += fmt::format("{}{:<20} {}\n", indent, key, json::serialize(value));
  }
}

std::string text_at(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(std::string_view(value->as_string())) : "";
}

/// Hit or miss in a line; `tessera cache why` has the texts that differ.
std::string cache_text(const json::object& cache) {
  std::string state = text_at(cache, "state");
  const std::string folder = text_at(cache, "folder");
  if (state == "hit") return "hit, " + folder;
  if (state == "unknown") return "unknown, " + text_at(cache, "reason");
  if (cache.contains("damage")) return "miss, damaged: " + text_at(cache, "damage");
  if (folder.empty()) return state;
  std::string parts;
  for (const json::value& difference : cache.at("differs").as_array())
    parts += (parts.empty() ? "" : ", ") + text_at(difference.as_object(), "part");
  return fmt::format("{}, {}: {}", state, folder, parts);
}

std::string text_of(const CompilePlan& plan) {
  std::string out = fmt::format("backend {}\npasses\n", plan.backend);
  for (const Pass& pass : plan.passes) {
    out += "  " + pass.id;
    for (const auto& [name, value] : pass.options) out += fmt::format(" {}={}", name, value);
    out += '\n';
  }
  if (plan.json.empty()) return out + "the backend tells no plan\n";
  const json::value told = json::parse(plan.json);
  for (const auto& [key, value] : told.as_object()) {
    if (key == "cache") {
      out += fmt::format("{:<20} {}\n", "cache", cache_text(value.as_object()));
    } else {
      append(out, std::string(key), value, 0);
    }
  }
  return out;
}

json::array passes_json(const CompilePlan& plan) {
  json::array passes;
  for (const Pass& pass : plan.passes) {
    json::object options;
    for (const auto& [name, value] : pass.options) options[name] = value;
    passes.push_back(json::object{{"id", pass.id}, {"options", options}});
  }
  return passes;
}

/// The plans of a run: of the model, and of its draft model where it has one.
struct RunPlan {
  CompilePlan model;
  std::optional<CoreSplit> split;
  std::string draft_model;
  std::optional<CompilePlan> draft;
};

/// An ordinary graph with the target's options, but for its own.
CompileOptions draft_compile_options(CompileOptions options, const BackendOptions& own) {
  options.backend_options = draft_backend_options(options.backend_options, own);
  options.num_speculative_tokens.clear();
  return options;
}

RunPlan plan_of(const Config& config) {
  const CompileOptions options = compile_options(config);
  const EngineSettings settings = engine_settings(config);
  RunPlan plan;
  plan.model = compile_plan(model_of(config), load_options(config), options);
  if (settings.speculation != "draft" || settings.draft_model.empty()) return plan;
  plan.split = core_split(config);
  plan.draft_model = settings.draft_model;
  try {
    plan.draft = compile_plan(plan.draft_model, load_options(config),
                              draft_compile_options(options, settings.draft_options));
  } catch (Error& error) {
    error.add_context("planning the draft model");
    throw;
  }
  return plan;
}

json::object plan_json(const CompilePlan& plan) {
  return {{"backend", plan.backend},
          {"passes", passes_json(plan)},
          {"plan", plan.json.empty() ? json::value(nullptr) : json::parse(plan.json)}};
}

json::object run_plan_json(const RunPlan& plan) {
  json::object object = plan_json(plan.model);
  if (plan.split) {
    object["core_split"] = json::object{
        {"device", plan.split->device}, {"target", plan.split->target}, {"draft", plan.split->draft}};
  }
  if (plan.draft) {
    object["draft"] = plan_json(*plan.draft);
    object["draft"].as_object()["model"] = plan.draft_model;
  }
  return object;
}

std::string text_of(const RunPlan& plan) {
  std::string text = text_of(plan.model);
  if (plan.split) {
    text += fmt::format("core split           {} for the target, {} for the draft model, of {}\n",
                        plan.split->target, plan.split->draft, plan.split->device);
  }
  if (plan.draft) text += fmt::format("\ndraft model {}\n{}", plan.draft_model, text_of(*plan.draft));
  return text;
}

}  // namespace

int run_plan(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("plan RUN.yaml [FLAGS], or plan -m MODEL [FLAGS]");
  arguments.add_flags("Plan", {{"run-file", '\0', "FILE.yaml", "", "run file; also the first argument"}});
  arguments.add_positional("run-file");
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Speculation", {"engine.speculation", "engine.draft_model", "engine.draft_options",
                                         "engine.num_speculative_tokens"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  Config& config = arguments.config();
  if (arguments.has("run-file")) load_yaml(arguments.get("run-file"), config);
  const RunPlan plan = plan_of(config);
  if (config.boolean("output.json")) {
    write_json(run_plan_json(plan));
  } else {
    write_stdout(text_of(plan));
  }
  return kExitOk;
}

}  // namespace tessera::cli
