/// A draft model, loaded, compiled, and with a session of its own.
#pragma once

#include <memory>
#include <optional>

#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"
#include "runtime/session/backend_session.hpp"
#include "runtime/session/program_shapes.hpp"
#include "runtime/session/shaped_steps.hpp"
#include "runtime/speculation/draft_model.hpp"
#include "tessera/engine_settings.hpp"

namespace tessera {

class DraftSession {
 public:
  /// Loads `settings.draft_model`, compares it with the target, and compiles it for the same backend with the
  /// same threads and options, but those of `settings.draft_options` and what makes a program a target.
  /// `load` and `compile` are the target's; `ctx_len`: tokens of a sequence of the target. Throws Error: the
  /// folder is missing, it is no causal language model, it has another tokenizer, ...
  DraftSession(const LoadedModel& target, const LoadOptions& load, const CompileOptions& compile,
               int64_t ctx_len, const EngineSettings& settings);

  speculation::Drafter& drafter() { return drafter_; }
  /// Bytes of its weights as they are computed with.
  int64_t weight_bytes() const { return compiled_.info().packed_weight_bytes; }
  /// A new session in place of one whose device is lost; no round meanwhile. Throws Error.
  void reopen();

 private:
  StepRunner& runner();

  LoadedModel loaded_;
  int64_t shared_ids_;
  CompiledModel compiled_;
  std::optional<ProgramShapes> shapes_;  ///< nothing: the backend is ragged
  BackendSession session_;
  std::optional<ShapedSteps> shaped_;  ///< with shapes
  speculation::DraftModel drafter_;
};

/// The draft model of the settings; null when they ask for none.
std::unique_ptr<DraftSession> make_draft_session(const LoadedModel& target, const LoadOptions& load,
                                                 const CompileOptions& compile, int64_t ctx_len,
                                                 const EngineSettings& settings);

}  // namespace tessera
