/// Derive from `Transform` to add a named graph pass: ONNX graph in, ONNX graph out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/arguments.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/options.hpp"
#include "tessera/sdk/status.hpp"
#include "tessera/sdk/weights.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::sdk {

/// What a pass may look at besides the graph. Valid during the call.
struct TransformArgs {
  std::string_view base_dir;  ///< what locations of external data are relative to
  Options options;            ///< checked against `Transform::options()`
  Weights weights;            ///< empty for a graph without a checkpoint
  Progress progress;
  Host host;
};

/// One graph pass: a function of (graph, options) alone, the same in, the same out, byte for byte. Made once,
/// lives for the process; all functions any thread. Override one of the two `apply`.
class Transform {
 public:
  virtual ~Transform() = default;

  virtual std::string id() const = 0;  ///< "kv-cache"
  virtual std::string version()
      const = 0;  ///< part of the cache key of what it makes; raise it with its output
  virtual std::string summary() const = 0;  ///< one line
  virtual std::vector<OptionInfo> options() const { return {}; }

  /// Rewrites `model` in place; false = left as it was. Keeps unknown fields, metadata and provenance, and
  /// appends ` pass=<id>` to the doc_string of each node that it makes or changes.
  virtual bool apply(graph::Model& model, const TransformArgs& args) const {
    (void)model, (void)args;
    throw Error(ErrorCode::kInternal, "transform '" + id() + "' overrides neither apply nor apply_bytes");
  }

  /// The same on a serialized onnx.ModelProto, for passes that use another reader; nullopt = unchanged.
  virtual std::optional<std::string> apply_bytes(std::string_view model, const TransformArgs& args) const {
    graph::Model parsed = graph::read_model(model);
    if (!apply(parsed, args)) return std::nullopt;
    return graph::write_model(parsed);
  }
};

namespace detail {

/// The C descriptor of transform `T`.
template <class T>
class TransformTable {
 public:
  static const TransformTable& instance() {
    static const TransformTable& table = *new TransformTable;
    return table;
  }
  const tsr_transform* c() const { return &c_; }

 private:
  TransformTable() {
    c_.struct_size = sizeof(c_);
    c_.id = borrow(id_);
    c_.version = borrow(version_);
    c_.summary = borrow(summary_);
    c_.options = options_.data();
    c_.option_count = options_.size();
    c_.apply = &apply;
  }

  static tsr_status* apply(const tsr_host* host, const tsr_transform_args* from, tsr_buffer* out) {
    return guard(host, [&] {
      const tsr_transform_args in = receive_arguments(from, "tsr_transform_args");
      check_size(out, "tsr_buffer");
      const TransformTable& self = instance();
      const TransformArgs args{view(in.base_dir),
                               Options(self.options_.declared(), in.options, in.option_count),
                               Weights(host, in.weights), Progress(in.progress), Host(host)};
      const std::string_view model(static_cast<const char*>(in.model), in.model_size);
      std::optional<std::string> changed = self.object_.apply_bytes(model, args);
      fill(out, changed ? give(std::move(*changed)) : tsr_buffer{}, "tsr_buffer");
    });
  }

  T object_;
  std::string id_ = object_.id(), version_ = object_.version(), summary_ = object_.summary();
  OptionTable options_{object_.options()};
  tsr_transform c_{};
};

}  // namespace detail
}  // namespace tessera::sdk
