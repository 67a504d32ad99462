/// A compiled model with its session and the engine that runs requests on it.
#pragma once

#include <memory>
#include <optional>

#include "runtime/engine/engine.hpp"
#include "runtime/generation/draft_session.hpp"
#include "runtime/model/compiled_model.hpp"
#include "runtime/model/graph_facts.hpp"
#include "runtime/sampling/candidates.hpp"
#include "runtime/session/backend_session.hpp"
#include "runtime/session/program_shapes.hpp"
#include "runtime/speculation/drafter.hpp"
#include "tessera/engine_settings.hpp"

namespace tessera {

/// Asks the backend what it can do. The model outlives it.
class Serving {
 public:
  /// `ctx_len`: tokens of a sequence. Throws Error kNotSupported for a graph without slots, kInvalidArgument
  /// for settings that contradict one another.
  /// draft  of make_draft_session() for these settings
  Serving(const CompiledModel& model, const GraphFacts& facts, int64_t ctx_len,
          const EngineSettings& settings, std::unique_ptr<DraftSession> draft = nullptr);

  engine::Engine& engine() { return engine_; }
  const std::shared_ptr<sampling::Workspace>& workspace() const { return workspace_; }
  /// Requests need a draft chooser.
  bool drafts() const { return draft_ != nullptr; }
  int64_t ctx_len() const { return static_cast<int64_t>(session_.shape().ctx_len); }
  EngineStatistics statistics() const;

 private:
  engine::SpeculationOptions speculation(const CompiledModel& model, const EngineSettings& settings) const;
  /// New sessions for those of a lost device; on the engine's thread.
  void reopen();

  std::optional<ProgramShapes> shapes_;  ///< nothing: the backend is ragged
  BackendSession session_;
  std::unique_ptr<engine::PlanRunner> runner_;
  std::shared_ptr<sampling::Workspace> workspace_ = std::make_shared<sampling::Workspace>();
  std::unique_ptr<DraftSession> draft_;           ///< null: no draft model
  std::unique_ptr<speculation::Drafter> lookup_;  ///< null: no prompt lookup
  engine::Engine engine_;
};

}  // namespace tessera
