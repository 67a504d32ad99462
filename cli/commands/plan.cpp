#include <fmt/format.h>

#include <boost/json.hpp>

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

std::string text_of(const CompilePlan& plan) {
  std::string out = fmt::format("backend {}\npasses\n", plan.backend);
  for (const Pass& pass : plan.passes) {
    out += "  " + pass.id;
    for (const auto& [name, value] : pass.options) out += fmt::format(" {}={}", name, value);
    out += '\n';
  }
  if (plan.json.empty()) return out + "the backend tells no plan\n";
  const json::value told = json::parse(plan.json);
  for (const auto& [key, value] : told.as_object()) append(out, std::string(key), value, 0);
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

}  // namespace

int run_plan(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("plan RUN.yaml [FLAGS], or plan -m MODEL [FLAGS]");
  arguments.add_flags("Plan", {{"run-file", '\0', "FILE.yaml", "", "run file; also the first argument"}});
  arguments.add_positional("run-file");
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  Config& config = arguments.config();
  if (arguments.has("run-file")) load_yaml(arguments.get("run-file"), config);
  const CompilePlan plan = compile_plan(model_of(config), load_options(config), compile_options(config));
  if (config.boolean("output.json")) {
    write_json(json::object{{"backend", plan.backend},
                            {"passes", passes_json(plan)},
                            {"plan", plan.json.empty() ? json::value(nullptr) : json::parse(plan.json)}});
  } else {
    write_stdout(text_of(plan));
  }
  return kExitOk;
}

}  // namespace tessera::cli
