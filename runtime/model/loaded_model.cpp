#include "runtime/model/loaded_model.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <set>

#include "core/host/log.hpp"
#include "core/hub/hub_cache.hpp"
#include "runtime/generation/end_tokens.hpp"
#include "runtime/session/step.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera {
namespace {

uint64_t elements(const std::vector<int64_t>& dims) {
  uint64_t count = 1;
  for (const int64_t dim : dims) count *= static_cast<uint64_t>(dim);
  return count;
}

}  // namespace

plugin::ProgressFunction plugin_progress(const ProgressFn& progress) {
  if (!progress) return {};
  return [&progress](uint64_t done, uint64_t total, std::string_view text) {
    return progress(text, done, total);
  };
}

std::shared_ptr<PluginRegistry> shared_registry(const std::vector<std::string>& plugin_paths) {
  static std::mutex mutex;
  static std::map<std::vector<std::string>, std::weak_ptr<PluginRegistry>>& live =
      *new std::map<std::vector<std::string>, std::weak_ptr<PluginRegistry>>;
  const std::lock_guard lock(mutex);
  std::weak_ptr<PluginRegistry>& known = live[plugin_paths];
  if (std::shared_ptr<PluginRegistry> registry = known.lock()) return registry;
  plugin::Search search = plugin::Search::from_environment();
  for (const std::string& path : plugin_paths) search.named.push_back({path, "--plugin-path"});
  auto registry = std::make_shared<PluginRegistry>(search);
  known = registry;
  return registry;
}

LoadedModel::LoadedModel(std::string_view folder_or_id, const LoadOptions& options)
    : registry_(shared_registry(options.plugin_paths)),
      checkpoint_(Checkpoint::open(find_model(folder_or_id).folder)),
      weights_(checkpoint_) {
  build(options);
  describe();
}

void LoadedModel::build(const LoadOptions& options) {
  try {
    const plugin::Architecture& architecture = registry_->select_architecture(checkpoint_.config_text());
    info_.architecture = architecture.id();
    info_.architecture_plugin =
        fmt::format("{} {} ({})", architecture.plugin().manifest.id, architecture.plugin().manifest.version,
                    architecture.plugin().path.string());
    graph_ = architecture.build({.config = checkpoint_.config_text(),
                                 .task = options.task,
                                 .weights = weights_.c(),
                                 .options = {},
                                 .progress = plugin_progress(options.progress)});
  } catch (Error& error) {
    error.add_file("config.json");
    error.add_folder(checkpoint_.folder().string());
    throw;
  }
}

void LoadedModel::describe() {
  const graph::Model model = graph::read_model(graph_);
  facts_ = read_facts(model);
  outputs_ = model.graph.outputs;
  info_.folder = checkpoint_.folder().string();
  info_.task = facts_.task;
  info_.weight_bytes = checkpoint_.total_bytes();
  info_.layers = facts_.layers;
  info_.kv_heads = facts_.kv_heads;
  info_.head_dim = facts_.head_dim;
  info_.vocab_size = facts_.vocab_size;
  info_.max_positions = facts_.max_positions;
  info_.window = facts_.window;
  info_.kv_bytes_per_token = facts_.kv_bytes_per_token();
  info_.step_rows = static_cast<int64_t>(kMaxRows);
  info_.graph_nodes = model.graph.nodes.size();
  info_.warnings = checkpoint_.warnings();
  for (const graph::Function& function : model.functions) info_.graph_functions.push_back(function.name);

  std::map<std::string_view, const graph::Tensor*> initializers;
  for (const graph::Tensor& tensor : model.graph.initializers) {
    initializers[tensor.name] = &tensor;
    if (tensor.external) info_.parameters += elements(tensor.dims);
  }
  for (const graph::Node& node : model.graph.nodes) {
    if (const graph::Attribute* heads = graph::find_attribute(node, "num_heads")) {
      info_.attention_width = heads->i * facts_.head_dim;
    }
    const bool linear = graph::is_tessera(node, "Linear") || graph::is_tessera(node, "LinearBias");
    const auto weight = linear ? initializers.find(node.inputs.at(1)) : initializers.end();
    if (weight == initializers.end()) continue;
    const uint64_t count = elements(weight->second->dims);
    const bool head = node.outputs.at(0) == "logits";
    (head ? info_.head_parameters : info_.layer_parameters) += count;
    if (weight->second->external) info_.step_weight_bytes += weight->second->external->length;
  }
}

int64_t LoadedModel::width_of(std::string_view name) const {
  for (const graph::ValueInfo& output : outputs_) {
    if (output.name == name && !output.shape.empty() && output.shape.back().value > 0)
      return output.shape.back().value;
  }
  throw Error(ErrorCode::kNotSupported,
              fmt::format("the graph has no output '{}' with a known last dimension", name))
      .file(info_.folder)
      .key(name);
}

const std::vector<int64_t>& LoadedModel::end_tokens() const {
  if (end_tokens_) return *end_tokens_;
  const AutoTokenizer* known = tokenizer();
  EndTokens found =
      find_end_tokens(read_generation_config(checkpoint_), known == nullptr ? nullptr : &known->impl());
  if (!found.warning.empty()) log(LogLevel::kWarn, "generation", found.warning);
  return end_tokens_.emplace(std::move(found.ids));
}

const AutoTokenizer* LoadedModel::tokenizer() const {
  if (!tokenizer_ && !checkpoint_.tokenizer_files().tokenizer.empty()) {
    tokenizer_ = AutoTokenizer::from_pretrained(checkpoint_.folder().string());
  }
  return tokenizer_ ? &*tokenizer_ : nullptr;
}

}  // namespace tessera
