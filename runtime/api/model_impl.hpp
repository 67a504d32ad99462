/// What stands behind AutoModelForCausalLM.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/generation/sequence.hpp"
#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"
#include "runtime/session/backend_session.hpp"
#include "tessera/model.hpp"

namespace tessera {

struct AutoModelForCausalLM::Impl {
  /// Without a task in `options`: "causal-lm".
  Impl(std::string_view folder_or_id, LoadOptions options);

  /// Compiles with the defaults unless compile() was called.
  CompiledModel& ensure_compiled();

  /// Ids of a prompt, each checked against the head's rows. Throws Error kInvalidArgument.
  std::vector<int64_t> ids_of(const Prompt& prompt, bool add_special_tokens) const;

  /// Tokens that each slot must hold for these prompts. Throws Error kInvalidArgument for a prompt that is
  /// too long.
  int64_t context_for(std::span<const std::vector<int64_t>> prompts, int64_t max_new_tokens) const;

  /// An empty session with room for that; the one of the last call when it fits.
  BackendSession& session(size_t slots, int64_t ctx_len);

  std::vector<Sequence> start(const std::vector<Prompt>& prompts, const GenerateOptions& options);

  LoadedModel loaded;
  CompileOptions options;
  std::optional<CompiledModel> compiled;
  std::unique_ptr<BackendSession> current_session;
};

}  // namespace tessera
