#include "runtime/api/model_impl.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/generation/sampled_draft_chooser.hpp"
#include "runtime/sampling/sampling_defaults.hpp"
#include "runtime/session/program_shapes.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

LoadOptions for_causal_lm(LoadOptions options) {
  if (options.task.empty()) options.task = "causal-lm";
  return options;
}

}  // namespace

AutoModelForCausalLM::Impl::Impl(std::string_view folder_or_id, LoadOptions options)
    : load_options(for_causal_lm(std::move(options))), loaded(folder_or_id, load_options) {}

CompiledModel& AutoModelForCausalLM::Impl::ensure_compiled() {
  if (!compiled) compiled.emplace(loaded, options);
  return *compiled;
}

std::vector<int64_t> AutoModelForCausalLM::Impl::ids_of(const Prompt& prompt, bool add_special_tokens) const {
  std::vector<int64_t> ids = prompt.ids;
  if (!prompt.is_ids) {
    const AutoTokenizer* tokenizer = loaded.tokenizer();
    if (tokenizer == nullptr) {
      throw Error(ErrorCode::kNotFound, "the model folder has no tokenizer files")
          .file(loaded.info().folder)
          .remedy("give token ids instead of text");
    }
    ids = tokenizer->encode(prompt.text, add_special_tokens);
  }
  if (ids.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "the prompt has no tokens")
        .remedy("give at least one token to go on from");
  }
  const int64_t rows = loaded.facts().vocab_size;
  for (const int64_t id : ids) {
    if (id >= 0 && id < rows) continue;
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("token id {} is outside the {} rows of the embedding (0..{})", id, rows, rows - 1))
        .file(loaded.info().folder)
        .remedy(prompt.is_ids ? "give ids of this model's tokenizer"
                              : "take tokenizer and weights of one revision");
  }
  return ids;
}

int64_t AutoModelForCausalLM::Impl::context() const {
  int64_t limit = loaded.facts().max_positions;
  if (const auto shapes = compiled ? program_shapes(compiled->program()) : std::nullopt)
    limit = std::min(limit, shapes->ctx_len);
  if (options.ctx_len > limit) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a context of {} tokens exceeds the model's limit of {}", options.ctx_len, limit))
        .key("ctx_len")
        .remedy(fmt::format("--ctx-len {} or less", limit));
  }
  return options.ctx_len > 0 ? options.ctx_len : limit;
}

int64_t AutoModelForCausalLM::Impl::context_for(std::span<const std::vector<int64_t>> prompts,
                                                int64_t max_new_tokens) const {
  const int64_t context = this->context();
  size_t longest = 0;
  for (const std::vector<int64_t>& prompt : prompts) longest = std::max(longest, prompt.size());
  const auto longest_prompt = static_cast<int64_t>(longest);
  if (longest_prompt > context) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the prompt has {} tokens, the context holds {}", longest_prompt, context))
        .remedy(context < loaded.facts().max_positions
                    ? fmt::format("--ctx-len up to {} gives more room", loaded.facts().max_positions)
                    : "shorten the prompt");
  }
  if (options.ctx_len > 0 || max_new_tokens < 0) return context;
  return std::min(context, longest_prompt + max_new_tokens);
}

BackendSession& AutoModelForCausalLM::Impl::session(size_t slots, int64_t ctx_len) {
  const CompiledModel& program = ensure_compiled();
  if (program.stateless()) {
    throw Error(ErrorCode::kNotSupported, "a graph without a KV cache cannot generate")
        .remedy("compile with the passes kv-cache, slots and select-logits");
  }
  if (program_shapes(program.program())) {
    throw Error(ErrorCode::kNotSupported,
                "a program with compiled shapes gives logits behind the last token of a run only")
        .remedy("use the cpu backend for this");
  }
  const BackendSession::Shape shape{.slots = static_cast<uint32_t>(slots),
                                    .ctx_len = static_cast<uint64_t>(ctx_len),
                                    .max_rows = kMaxRows,
                                    .rope_length = loaded.facts().rope_length};
  const bool fits = current_session && current_session->shape().slots >= shape.slots &&
                    current_session->shape().ctx_len == shape.ctx_len;
  if (fits) {
    current_session->reset_all();
  } else {
    current_session.reset();  // its memory first
    current_session = std::make_unique<BackendSession>(program.program(), shape);
  }
  return *current_session;
}

std::shared_ptr<Serving> AutoModelForCausalLM::Impl::serving() {
  const std::lock_guard lock(serving_mutex);
  if (!current_serving) {
    const CompiledModel& program = ensure_compiled();
    current_serving = std::make_shared<Serving>(
        program, loaded.facts(), context(), engine_settings,
        make_draft_session(loaded, load_options, options, context(), engine_settings));
  }
  return current_serving;
}

void AutoModelForCausalLM::Impl::set_engine(const EngineSettings& settings) {
  const std::lock_guard lock(serving_mutex);
  current_serving.reset();
  engine_settings = settings;
}

sampling::SamplingParams AutoModelForCausalLM::Impl::sampling_of(const GenerateOptions& options) const {
  sampling::SamplingParams params =
      options.sampling ? *options.sampling : sampling::sampling_defaults(loaded.checkpoint());
  sampling::validate(params);
  sampling::check_vocabulary(params, loaded.facts().vocab_size);
  if (!params.greedy()) params = sampling::with_seed(std::move(params));
  // What best_of compares.
  if (params.choices() > params.n) params.logprobs = std::max<int64_t>(params.logprobs, 0);
  return params;
}

std::vector<AutoModelForCausalLM::Impl::Text> AutoModelForCausalLM::Impl::texts(
    const Prompt& prompt, const sampling::SamplingParams& params, const GenerateOptions& options) const {
  const std::vector<int64_t> ids = ids_of(prompt, options.add_special_tokens);
  context_for({&ids, 1}, options.max_new_tokens);
  const AutoTokenizer* tokenizer = loaded.tokenizer();
  if (tokenizer == nullptr && !options.stop.empty()) {
    throw Error(ErrorCode::kNotSupported, "stop texts need a tokenizer, and the folder has none")
        .file(loaded.info().folder);
  }
  SequenceLimits limits{.end_tokens = options.stop_token_ids,
                        .max_new_tokens = options.max_new_tokens,
                        .min_new_tokens = params.min_tokens,
                        .ctx_len = context()};
  if (!options.ignore_eos) {
    const std::vector<int64_t>& own = loaded.end_tokens();
    limits.end_tokens.insert(limits.end_tokens.end(), own.begin(), own.end());
  }
  std::vector<Text> texts;
  for (int64_t choice = 0; choice < params.choices(); ++choice) {
    texts.push_back({Sequence(ids, tokenizer == nullptr ? nullptr : &tokenizer->impl(), options.stop, limits),
                     sampling::Sampler(params, ids, limits.end_tokens, static_cast<uint32_t>(choice))});
  }
  return texts;
}

engine::Submission AutoModelForCausalLM::Impl::submission(Text text, const GenerateOptions& options,
                                                          GenerationEvents events) {
  const sampling::SamplingParams& params = text.sampler.params();
  const std::optional<uint64_t> seed = params.greedy() ? std::nullopt : params.seed;
  auto logprobs = params.logprobs >= 0 ? std::make_shared<Logprobs>() : nullptr;
  engine::Submission submission;
  submission.prompt = text.sequence.prompt();
  const auto prompt_tokens = static_cast<int64_t>(submission.prompt.size());
  submission.max_new_tokens =
      options.max_new_tokens >= 0 ? options.max_new_tokens : context() - prompt_tokens + 1;
  const std::shared_ptr<Serving> serving = this->serving();
  if (serving->drafts()) {
    submission.draft_chooser =
        std::make_unique<SampledDraftChooser>(text.sampler.without_logprobs(), serving->workspace());
  }
  submission.chooser =
      std::make_unique<SampledChooser>(std::move(text.sampler), serving->workspace(), logprobs);
  submission.sink = std::make_shared<GenerationSink>(std::move(text.sequence), std::move(events),
                                                     std::move(logprobs), seed);
  return submission;
}

}  // namespace tessera
