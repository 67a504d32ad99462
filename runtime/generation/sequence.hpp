/// One prompt on its way to a text: ids, positions, the streamed text and why it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/tokenizer/tokenizer.hpp"
#include "runtime/generation/stop_matcher.hpp"
#include "tessera/generate.hpp"

namespace tessera {

/// What ends a sequence, beside its stop texts.
struct SequenceLimits {
  std::vector<int64_t> end_tokens = {};  ///< empty with ignore_eos
  int64_t max_new_tokens = -1;           ///< -1: until the context ends
  int64_t min_new_tokens = 0;            ///< stop texts are looked for behind that many tokens
  int64_t ctx_len = 0;  ///< tokens that have a position: prompt and all generated ones but the last
};

/// Not thread-safe. `tokenizer` outlives it and may be null: then there is no text, only ids.
class Sequence {
 public:
  Sequence(std::vector<int64_t> prompt, const Tokenizer* tokenizer, std::vector<std::string> stop,
           SequenceLimits limits);

  /// Takes the next generated token and returns the text that can be shown because of it; after it the
  /// sequence may be finished().
  std::string accept(int64_t token);

  bool finished() const { return finished_; }
  const std::vector<int64_t>& prompt() const { return result_.prompt_tokens; }
  /// Tokens of prompt and generation so far.
  size_t size() const { return result_.prompt_tokens.size() + result_.tokens.size(); }
  /// Token at a position below size().
  int64_t token(size_t position) const {
    const size_t prompt = result_.prompt_tokens.size();
    return position < prompt ? result_.prompt_tokens[position] : result_.tokens[position - prompt];
  }

  /// Ends it now, and returns the text that was held back.
  std::string end(FinishReason reason);

  /// Valid once finished(); `text` is the concatenation of what accept() and end() returned. Metrics and
  /// logprobs are its caller's to fill in.
  GenerateResult take_result();

 private:
  std::string show(const std::string& piece);

  SequenceLimits limits_;
  std::optional<StreamDecoder> decoder_;
  StopMatcher matcher_;
  GenerateResult result_;
  bool finished_ = false;
};

}  // namespace tessera
