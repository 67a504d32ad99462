/// The checkpoint's tensors, taken one by one into a graph, and one account at the end of all that does not
/// fit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "tessera/sdk/builder.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::blocks {

/// Hands out tensors by name. A tensor that is missing, or has another shape or a dtype that linear layers do
/// not take (F32, F16 and BF16 they do), is noted and stood in for, so that building goes on and `finish` can
/// name them all at once. No bytes are read. One thread.
class CheckpointTensors {
 public:
  explicit CheckpointTensors(const sdk::Weights& weights) : weights_(weights) {}

  bool has(std::string_view name) const { return weights_.contains(name); }

  /// Tensor `name` as an initializer. `keys` says which keys of config.json give the shape: "vocab_size,
  /// hidden_size".
  graph::Value take(graph::GraphBuilder& g, const std::string& name, const std::vector<int64_t>& dims,
                    std::string_view keys);

  /// Tensors whose name ends so are buffers that old versions stored; nothing needs them.
  void ignore(std::string suffix) { ignored_.push_back(std::move(suffix)); }
  /// Tensors whose name begins so belong to a module that this graph does not need: "cls.".
  void ignore_module(std::string prefix) { ignored_modules_.push_back(std::move(prefix)); }

  /// Throws kInvalidArgument that lists every tensor that is missing, differs, or was never taken.
  void finish() const;

 private:
  void note(const std::string& name, const std::string& what, std::string_view file);
  bool is_ignored(std::string_view name) const;

  sdk::Weights weights_;
  std::vector<std::string> ignored_, ignored_modules_;
  std::unordered_set<std::string> taken_;
  std::vector<std::string> mismatches_;
  std::string first_name_, first_file_;
};

}  // namespace tessera::blocks
