/// A transform of a plugin, as the host calls it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/loaded_plugin.hpp"
#include "core/plugin/options.hpp"
#include "core/plugin/progress.hpp"

namespace tessera::plugin {

/// What `Transform::apply` needs. Borrowed for the call.
struct TransformRequest {
  std::string_view model;                ///< serialized onnx.ModelProto
  std::string_view base_dir;             ///< what locations of external data are relative to
  const tsr_weights* weights = nullptr;  ///< may be null: a graph without a checkpoint
  OptionList options;
  ProgressFunction progress;
};

/// Any thread; valid as long as the registry. Errors name plugin, version and pass.
class Transform {
 public:
  Transform(const LoadedPlugin& plugin, const tsr_transform& table) : plugin_(&plugin), table_(&table) {}

  std::string_view id() const { return sdk::view(table_->id); }
  std::string_view version() const { return sdk::view(table_->version); }
  std::string_view summary() const { return sdk::view(table_->summary); }
  std::vector<sdk::OptionInfo> options() const {
    return declared_options(table_->options, table_->option_count);
  }
  const LoadedPlugin& plugin() const { return *plugin_; }

  /// The new model, serialized (its encoding is checked, its meaning is not); nullopt = unchanged.
  std::optional<std::string> apply(const TransformRequest& request) const;

 private:
  const LoadedPlugin* plugin_;
  const tsr_transform* table_;
};

}  // namespace tessera::plugin
