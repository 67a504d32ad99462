#include "plugins/qaic/backend/backend.hpp"

#include "plugins/qaic/backend/cached_program.hpp"
#include "plugins/qaic/backend/compile_program.hpp"
#include "plugins/qaic/backend/device_list.hpp"
#include "plugins/qaic/backend/dry_run.hpp"
#include "plugins/qaic/backend/plan.hpp"
#include "plugins/qaic/backend/preflight.hpp"
#include "plugins/qaic/backend/settings.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::qaic {
namespace {

/// As run files name it: "qaic-kv-cache:slots=true,ccl=true".
std::string text_of(const GraphPass& pass) {
  std::string text = pass.id;
  char separator = ':';
  for (const auto& [name, value] : pass.options) {
    text.append(1, separator).append(name).append(1, '=').append(value);
    separator = ',';
  }
  return text;
}

}  // namespace

std::vector<sdk::OptionInfo> QaicBackend::options() const {
  return declared_options();
}

sdk::Value QaicBackend::property(std::string_view key) const {
  using sdk::Value;
  if (key == "functions.claimed") {
    return Value(Value::Texts{"CtxScatter", "CtxGather", "CtxScatterCB", "CtxGatherCB", "CustomRMSNorm"});
  }
  if (key == "batch.ragged" || key == "bits.shape_invariant") return Value(false);
  if (key == "dtypes.weights") return Value(Value::Ints{TSR_FLOAT, TSR_FLOAT16});
  throw sdk::unknown_property(key);
}

const void* QaicBackend::interface(std::string_view id) const {
  const void* planning = sdk::find_planning<QaicBackend>(id);
  return planning != nullptr ? planning : sdk::find_device_list<QaicBackend>(id);
}

std::string QaicBackend::devices(const sdk::Options& options) const {
  return device_list_json(
      {options.has("library") ? options.text("library") : "", options.text("sdk"), options.given("sdk")});
}

std::vector<std::string> QaicBackend::passes(const sdk::CompileArgs& args) const {
  const GraphFacts facts = facts_of(graph::read_model(args.model));
  const Settings settings = read_settings(args.options, facts);
  std::vector<std::string> texts;
  for (const GraphPass& pass :
       facts.decoder() ? decoder_passes(settings.decoder) : encoder_passes(settings.encoder))
    texts.push_back(text_of(pass));
  return texts;
}

std::string QaicBackend::plan(const sdk::CompileArgs& args) const {
  const graph::Model model = graph::read_model(args.model);
  const Settings settings = read_settings(args.options, facts_of(model));
  check_for_compiler(model, settings);
  return plan_json(model, settings, cache_plan_json(args, model, settings));
}

void QaicBackend::check(const sdk::CompileArgs& args) const {
  const graph::Model model = graph::read_model(args.model);
  check_for_compiler(model, read_settings(args.options, facts_of(model)));
}

std::unique_ptr<sdk::Program> QaicBackend::compile(const sdk::CompileArgs& args) const {
  const graph::Model model = graph::read_model(args.model);
  const Settings settings = read_settings(args.options, facts_of(model));
  check_for_compiler(model, settings);
  if (settings.dry_run) return dry_run(args, model, settings);
  return compile_program(args, model, settings);
}

}  // namespace tessera::qaic
