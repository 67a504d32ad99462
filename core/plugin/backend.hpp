/// A backend of a plugin, as the host calls it: backend -> program -> session -> run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/loaded_plugin.hpp"
#include "core/plugin/options.hpp"
#include "core/plugin/progress.hpp"
#include "tessera/planning.h"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/value.hpp"

namespace tessera::plugin {

/// What `Backend::compile` needs. Borrowed for the call.
struct CompileRequest {
  std::string_view model;                ///< serialized onnx.ModelProto, unclaimed functions inlined
  std::string_view base_dir;             ///< what locations of external data are relative to
  const tsr_weights* weights = nullptr;  ///< null when every initializer is in the model
  OptionList options;
  ProgressFunction progress;
};

struct SessionRequest {
  uint32_t slots = 1;     ///< sequences held at once; 0 for a program without state
  uint64_t ctx_len = 0;   ///< positions that a slot may hold, in tokens
  uint64_t max_rows = 1;  ///< rows of one step at most
  OptionList options;
};

/// A named tensor of a run; the memory (row-major, aligned to its element) is the caller's.
struct RunTensor {
  std::string_view name;
  graph::DataType dtype = graph::DataType::kFloat;
  std::vector<int64_t> dims;
  void* data = nullptr;
  uint64_t bytes = 0;
};

/// Retained state of a program. One call at a time; destroyed before its program. Movable.
class Session {
 public:
  /// One step, blocking. `inputs`: all inputs of the graph but retained state. `outputs`: those wanted, with
  /// the dtype and dims that the graph gives, filled. After a failure the slots of its rows are undefined
  /// until reset.
  void run(const std::vector<RunTensor>& inputs, const std::vector<RunTensor>& outputs);

  // Slots; kNotSupported when the backend retains no state.
  void reset(uint32_t slot);  ///< empty, and all that was reserved given back
  void reserve(uint32_t slot,
               uint64_t tokens);  ///< room for `tokens` in all; kOutOfMemory: nothing has changed
  void truncate(uint32_t slot,
                uint64_t tokens);  ///< positions >= tokens are forgotten, their room given back
  bool can_fork() const;
  /// The empty slot `to` then holds positions [0, tokens) of `from`; kOutOfMemory: nothing has changed.
  void fork(uint32_t from, uint32_t to, uint64_t tokens);

  /// Keys in tessera/abi.h; kNotFound for one that the backend does not answer. Any thread.
  sdk::Value property(std::string_view key) const;

 private:
  friend class Program;
  struct Destroy {
    void (*destroy)(tsr_session*);
    void operator()(tsr_session* session) const { destroy(session); }
  };
  Session(const LoadedPlugin& plugin, const tsr_backend& table, tsr_session* session);
  const tsr_slots_v1& slots() const;

  const LoadedPlugin* plugin_;
  const tsr_backend* table_;
  const tsr_slots_v1* slots_;  // null: none
  std::unique_ptr<tsr_session, Destroy> session_;
};

/// A compiled graph. Any thread. Outlives its sessions. Movable.
class Program {
 public:
  Session create_session(const SessionRequest& request) const;
  sdk::Value property(std::string_view key) const;
  std::optional<sdk::Value> find_property(std::string_view key) const;  ///< nullopt: it does not answer it

 private:
  friend class Backend;
  struct Destroy {
    void (*destroy)(tsr_program*);
    void operator()(tsr_program* program) const { destroy(program); }
  };
  Program(const LoadedPlugin& plugin, const tsr_backend& table, tsr_program* program);

  const LoadedPlugin* plugin_;
  const tsr_backend* table_;
  std::unique_ptr<tsr_program, Destroy> program_;
};

/// Any thread; valid as long as the registry, which outlives programs and sessions. Errors name plugin,
/// version and call.
class Backend {
 public:
  Backend(const LoadedPlugin& plugin, const tsr_backend& table) : plugin_(&plugin), table_(&table) {}

  std::string_view id() const { return sdk::view(table_->id); }
  std::string_view summary() const { return sdk::view(table_->summary); }
  std::vector<sdk::OptionInfo> options() const {
    return declared_options(table_->options, table_->option_count);
  }
  const LoadedPlugin& plugin() const { return *plugin_; }

  /// Keys in tessera/abi.h; throws kNotFound for one that the backend does not answer.
  sdk::Value property(std::string_view key) const;
  /// The same; nullopt for one that the backend does not answer.
  std::optional<sdk::Value> find_property(std::string_view key) const;
  /// A whole feature by string id, as the C struct that abi.h gives for it; null when the backend lacks it.
  const void* find_interface(std::string_view id) const;

  /// Throws kNotSupported that lists every node which compile would refuse. Without the backend's help: does
  /// nothing.
  void check(const CompileRequest& request) const;
  Program compile(const CompileRequest& request) const;

  /// The passes that a compilation with these options wants, as texts ("kv-cache", "slots:n=1"), for the
  /// graph as its architecture built it; nullopt for a backend that tells them by the properties passes.*
  /// only.
  std::optional<std::vector<std::string>> passes(const CompileRequest& request) const;
  /// What compile would make of the graph after the passes, as JSON; nullopt for a backend that tells
  /// nothing. Throws what compile would refuse.
  std::optional<std::string> plan(const CompileRequest& request) const;

 private:
  const tsr_planning_v1* planning() const;

  const LoadedPlugin* plugin_;
  const tsr_backend* table_;
};

}  // namespace tessera::plugin
