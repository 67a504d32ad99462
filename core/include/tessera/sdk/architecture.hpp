/// Derive from `Architecture` to teach Tessera a model family: config.json + tensor directory -> pure ONNX
/// graph.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/arguments.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/options.hpp"
#include "tessera/sdk/status.hpp"
#include "tessera/sdk/weights.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::sdk {

/// How well an architecture fits a checkpoint.
struct Recognition {
  int score = 0;  ///< 0 = not mine; 100 = my model_type. Two equal best scores are an error that names both
  std::string reason;  ///< one line for the user: "model_type is 'llama'"
};

/// What a graph is built from. Valid during the call.
struct BuildArgs {
  std::string_view config;  ///< config.json, whole
  std::string_view task;    ///< "causal-lm", ...; empty = what config.json's `architectures` says
  Weights weights;  ///< the tensor directory; build checks dtypes and dims, and reads no bytes of weights
  Options options;  ///< checked against `Architecture::options()`
  Progress progress;
  Host host;
};

/// One model family. Made once, by the first call of the plugin; lives for the process. All functions any
/// thread.
class Architecture {
 public:
  virtual ~Architecture() = default;

  virtual std::string id() const = 0;                        ///< "llama"
  virtual std::string summary() const = 0;                   ///< one line
  virtual std::vector<std::string> model_types() const = 0;  ///< values of config.json's `model_type`
  virtual std::vector<OptionInfo> options() const { return {}; }

  /// Pure and cheap; `config` is config.json, whole. What it throws counts as a failure, not as "not mine".
  virtual Recognition recognise(std::string_view config) const = 0;

  /// The pure graph (IR 8, opset 17, functions of domain `tessera`), weights as external data. The same
  /// arguments give the same bytes.
  virtual graph::Model build(const BuildArgs& args) const = 0;
};

namespace detail {

/// The C descriptor of architecture `T`. A C function has no `this`, so the one object of T is found by its
/// type.
template <class T>
class ArchitectureTable {
 public:
  /// Lives for the process: no static destructor runs into a host that is gone.
  static const ArchitectureTable& instance() {
    static const ArchitectureTable& table = *new ArchitectureTable;
    return table;
  }
  const tsr_architecture* c() const { return &c_; }

 private:
  ArchitectureTable() {
    for (const std::string& type : type_texts_) types_.push_back(borrow(type));
    c_.struct_size = sizeof(c_);
    c_.id = borrow(id_);
    c_.summary = borrow(summary_);
    c_.model_types = types_.data();
    c_.model_type_count = types_.size();
    c_.options = options_.data();
    c_.option_count = options_.size();
    c_.recognise = &recognise;
    c_.build = &build;
  }

  static tsr_status* recognise(const tsr_host* host, const tsr_recognise_args* from,
                               tsr_recognise_result* out) {
    return guard(host, [&] {
      const tsr_recognise_args args = receive_arguments(from, "tsr_recognise_args");
      check_size(out, "tsr_recognise_result");
      Recognition answer = instance().object_.recognise(view(args.config));
      tsr_recognise_result result{};
      result.score = answer.score;
      result.reason = give(std::move(answer.reason));
      fill(out, result, "tsr_recognise_result");
    });
  }

  static tsr_status* build(const tsr_host* host, const tsr_build_args* from, tsr_buffer* model) {
    return guard(host, [&] {
      const tsr_build_args in = receive_arguments(from, "tsr_build_args");
      check_size(model, "tsr_buffer");
      const ArchitectureTable& self = instance();
      const BuildArgs args{
          view(in.config),           view(in.task),
          Weights(host, in.weights), Options(self.options_.declared(), in.options, in.option_count),
          Progress(in.progress),     Host(host)};
      fill(model, give(graph::write_model(self.object_.build(args))), "tsr_buffer");
    });
  }

  T object_;
  std::string id_ = object_.id(), summary_ = object_.summary();
  std::vector<std::string> type_texts_ = object_.model_types();
  std::vector<tsr_str> types_;
  OptionTable options_{object_.options()};
  tsr_architecture c_{};
};

}  // namespace detail
}  // namespace tessera::sdk
