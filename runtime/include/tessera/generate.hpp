/// What goes into a generation and what comes out of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/sampling.hpp"
#include "tessera/speculation.hpp"

namespace tessera {

/// Called by every operation that may take over a second: what it does, how far it is (`total` 0: not known).
/// Returning false cancels: the operation throws Error kCancelled and leaves nothing behind.
using ProgressFn = std::function<bool(std::string_view what, uint64_t done, uint64_t total)>;

/// Text or token ids to go on from. Ids are taken as they are: no special tokens are added.
struct Prompt {
  // NOLINTBEGIN(google-explicit-constructor): a prompt is what one has, text or ids.
  Prompt(const char* text) : text(text) {}
  Prompt(std::string text) : text(std::move(text)) {}
  Prompt(std::string_view text) : text(text) {}
  Prompt(std::vector<int64_t> ids) : ids(std::move(ids)), is_ids(true) {}
  // NOLINTEND(google-explicit-constructor)

  std::string text;
  std::vector<int64_t> ids;
  bool is_ids = false;
};

struct GenerateOptions {
  int64_t max_new_tokens = -1;  ///< -1: until an end token or the end of the context
  std::vector<std::string> stop =
      {};  ///< texts that end the generation, none empty; never part of the result
  std::vector<int64_t> stop_token_ids = {};  ///< ids that end the generation beside the model's own
  bool ignore_eos = false;                   ///< go on past end tokens
  bool add_special_tokens = true;            ///< of the tokenizer, in front of (and behind) a text prompt
  /// Nothing: as the model's generation_config.json says, greedily without one
  /// (AutoModelForCausalLM::sampling_defaults). A value is taken as it is.
  std::optional<sampling::SamplingParams> sampling = {};
  ProgressFn progress = {};     ///< of the prompt, when it takes more than one step
  std::stop_token cancel = {};  ///< when stopped, generation throws Error kCancelled before the next step
};

enum class FinishReason {
  kStop,    ///< an end token or a stop text
  kLength,  ///< max_new_tokens or the end of the context
  kCancelled,
  kTimeout,
};

/// "stop", "length", "cancelled" or "timeout".
std::string_view to_string(FinishReason reason);

/// Times are wall-clock seconds.
struct GenerateMetrics {
  double ttft_s = 0;      ///< from the call to the first token
  double total_s = 0;     ///< from the call to the last token
  double prompt_tps = 0;  ///< prompt tokens per second until the first token
  double decode_tps = 0;  ///< tokens per second after the first; 0 for fewer than two tokens
  double total_tps = 0;   ///< prompt and generated tokens per second of total_s
  double queue_s = 0;     ///< from the call to the first step
  double mean_itl_s = 0;  ///< between two tokens; 0 for fewer than two
  double largest_itl_s = 0;
  int64_t cached_tokens = 0;  ///< of the prompt, that were computed for an earlier request
  int64_t preemptions = 0;    ///< how often it gave its memory to others and was computed again
  speculation::Counters speculation = {};
};

struct GenerateResult {
  std::vector<int64_t> prompt_tokens;
  std::vector<int64_t> tokens;  ///< the end token too, when one ended it
  std::string text;             ///< decoded whole less the decoded prompt; without end token and stop text
  FinishReason finish_reason = FinishReason::kLength;
  std::vector<sampling::TokenLogprobs> logprobs = {};  ///< by token, when asked for
  std::optional<uint64_t> seed = {};                   ///< that was used or drawn; nothing for a greedy text
  GenerateMetrics metrics;
};

}  // namespace tessera
