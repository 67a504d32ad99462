#include "runtime/generation/draft_session.hpp"

#include <algorithm>

#include "runtime/generation/shared_vocabulary.hpp"
#include "runtime/session/step.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

LoadOptions load_options(LoadOptions options) {
  options.task = "causal-lm";
  return options;
}

/// An option of a backend, as it is spelt there.
std::string with_dashes(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

CompileOptions draft_compile_options(const CompileOptions& target, const LoadedModel& draft, int64_t ctx_len,
                                     const EngineSettings& settings) {
  CompileOptions options;
  options.backend = target.backend;
  options.ctx_len = std::min(ctx_len, draft.facts().max_positions);
  options.num_threads = target.num_threads;
  options.isa = target.isa;
  options.num_cores = target.num_cores;
  options.backend_options = draft_backend_options(target.backend_options, settings.draft_options);
  options.progress = target.progress;
  return options;
}

Vocabulary vocabulary(const LoadedModel& model) {
  const AutoTokenizer* tokenizer = model.tokenizer();
  return {tokenizer == nullptr ? nullptr : &tokenizer->impl(), model.facts().vocab_size};
}

int64_t compare(const LoadedModel& target, const LoadedModel& draft) {
  try {
    return shared_ids(vocabulary(target), vocabulary(draft));
  } catch (Error& error) {
    error.add_folder(draft.info().folder);
    throw;
  }
}

BackendSession::Shape draft_session_shape(const LoadedModel& draft, int64_t ctx_len,
                                          const EngineSettings& settings,
                                          const std::optional<ProgramShapes>& shapes) {
  const int64_t slots = std::clamp<int64_t>(settings.max_num_seqs, 1, 65536);
  ctx_len = std::min(ctx_len, draft.facts().max_positions);
  return {.slots = static_cast<uint32_t>(shapes ? std::min(slots, shapes->slots) : slots),
          .ctx_len = static_cast<uint64_t>(shapes ? std::min(ctx_len, shapes->ctx_len) : ctx_len),
          .max_rows = kMaxRows,
          .rope_length = draft.facts().rope_length,
          .reserve = false};
}

}  // namespace

BackendOptions draft_backend_options(const BackendOptions& target, const BackendOptions& own) {
  BackendOptions options;
  for (const auto& [name, value] : own) options.emplace_back(with_dashes(name), value);
  for (const auto& [name, value] : target) {
    const std::string dashed = with_dashes(name);
    if (dashed == "speculative-model-type" || dashed == "num-speculative-tokens" || dashed == "output-dir")
      continue;
    const bool given = std::any_of(options.begin(), options.end(),
                                   [&](const auto& option) { return option.first == dashed; });
    if (!given) options.emplace_back(dashed, value);
  }
  return options;
}

DraftSession::DraftSession(const LoadedModel& target, const LoadOptions& load, const CompileOptions& compile,
                           int64_t ctx_len, const EngineSettings& settings)
    : loaded_(settings.draft_model, load_options(load)),
      shared_ids_(compare(target, loaded_)),
      compiled_(loaded_, draft_compile_options(compile, loaded_, ctx_len, settings)),
      shapes_(program_shapes(compiled_.program())),
      session_(compiled_.program(), draft_session_shape(loaded_, ctx_len, settings, shapes_)),
      drafter_(runner(), session_,
               {.slots = session_.shape().slots,
                .ctx_len = static_cast<int64_t>(session_.shape().ctx_len),
                .max_rows = static_cast<int64_t>(session_.shape().max_rows),
                .vocab_size = loaded_.facts().vocab_size,
                .shared_ids = shared_ids_}) {}

StepRunner& DraftSession::runner() {
  if (!shapes_) return session_;
  return shaped_.emplace(session_, shapes_->prefill, shapes_->decode);
}

void DraftSession::reopen() {
  session_.reopen();
  drafter_.forget();
}

std::unique_ptr<DraftSession> make_draft_session(const LoadedModel& target, const LoadOptions& load,
                                                 const CompileOptions& compile, int64_t ctx_len,
                                                 const EngineSettings& settings) {
  if (settings.speculation != "draft") {
    if (settings.draft_model.empty()) return nullptr;
    throw Error(ErrorCode::kInvalidArgument, "a draft model is given, and speculation is not 'draft'")
        .key("draft_model")
        .remedy("--speculation draft");
  }
  if (settings.draft_model.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "speculation 'draft' needs a draft model")
        .key("draft_model")
        .remedy("give a smaller model with the same tokenizer: --draft-model MODEL");
  }
  try {
    return std::make_unique<DraftSession>(target, load, compile, ctx_len, settings);
  } catch (Error& error) {
    error.add_context("loading the draft model");
    throw;
  }
}

}  // namespace tessera
