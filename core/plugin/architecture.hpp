/// An architecture of a plugin, as the host calls it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/loaded_plugin.hpp"
#include "core/plugin/options.hpp"
#include "core/plugin/progress.hpp"
#include "tessera/sdk/architecture.hpp"

namespace tessera::plugin {

/// What `Architecture::build` needs. Borrowed for the call.
struct BuildRequest {
  std::string_view config;               ///< config.json, whole
  std::string_view task;                 ///< "causal-lm"; empty = what config.json's `architectures` says
  const tsr_weights* weights = nullptr;  ///< the checkpoint's tensor directory
  OptionList options;
  ProgressFunction progress;
};

/// Any thread; valid as long as the registry. Errors name plugin, version and call; a plugin that breaks its
/// contract is kInternal.
class Architecture {
 public:
  Architecture(const LoadedPlugin& plugin, const tsr_architecture& table)
      : plugin_(&plugin), table_(&table) {}

  std::string_view id() const { return sdk::view(table_->id); }
  std::string_view summary() const { return sdk::view(table_->summary); }
  std::vector<std::string> model_types() const;
  std::vector<sdk::OptionInfo> options() const {
    return declared_options(table_->options, table_->option_count);
  }
  const LoadedPlugin& plugin() const { return *plugin_; }

  /// How well it fits a checkpoint with this config.json.
  sdk::Recognition recognise(std::string_view config) const;

  /// The pure graph as a serialized onnx.ModelProto (its encoding is checked, its meaning is not).
  std::string build(const BuildRequest& request) const;

 private:
  const LoadedPlugin* plugin_;
  const tsr_architecture* table_;
};

}  // namespace tessera::plugin
