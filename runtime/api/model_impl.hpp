/// What stands behind AutoModelForCausalLM.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/generation/sequence.hpp"
#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"
#include "runtime/sampling/sampler.hpp"
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

  /// The parameters of a call, checked, with a seed unless greedy.
  sampling::SamplingParams sampling_of(const GenerateOptions& options) const;

  /// What one call makes: a sequence and its sampler for each text, the choices of a prompt behind one
  /// another.
  struct Generation {
    sampling::SamplingParams params;
    std::vector<Sequence> sequences;
    std::vector<sampling::Sampler> samplers;
  };
  Generation start(const std::vector<Prompt>& prompts, const GenerateOptions& options);

  LoadedModel loaded;
  CompileOptions options;
  std::optional<CompiledModel> compiled;
  std::unique_ptr<BackendSession> current_session;
};

}  // namespace tessera
