/// What stands behind AutoModelForCausalLM.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "runtime/generation/generation_sink.hpp"
#include "runtime/generation/sequence.hpp"
#include "runtime/generation/serving.hpp"
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

  /// The engine, made at its first use. Any thread.
  std::shared_ptr<Serving> serving();
  void set_engine(const EngineSettings& settings);
  /// Tokens that a sequence may hold. Throws Error kInvalidArgument.
  int64_t context() const;

  /// The parameters of a call, checked, with a seed unless greedy.
  sampling::SamplingParams sampling_of(const GenerateOptions& options) const;

  /// A text on its way; finished when no token is asked for.
  struct Text {
    Sequence sequence;
    sampling::Sampler sampler;
  };
  /// The choices of a prompt. Throws Error kInvalidArgument.
  std::vector<Text> texts(const Prompt& prompt, const sampling::SamplingParams& params,
                          const GenerateOptions& options) const;
  engine::Submission submission(Text text, const GenerateOptions& options, GenerationEvents events);

  LoadOptions load_options;
  LoadedModel loaded;
  CompileOptions options;
  std::optional<CompiledModel> compiled;
  std::unique_ptr<BackendSession> current_session;
  EngineSettings engine_settings;
  std::mutex serving_mutex;
  std::shared_ptr<Serving> current_serving;  ///< the last member: its thread uses the others
};

}  // namespace tessera
