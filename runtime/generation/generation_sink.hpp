/// From the tokens of a request to its text and its result.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "runtime/engine/token_sink.hpp"
#include "runtime/generation/sampled_chooser.hpp"
#include "runtime/generation/sequence.hpp"

namespace tessera {

/// What a caller of generation hears; empty functions are not called. `end` is the last: with the result, or
/// with the error and no result.
struct GenerationEvents {
  std::function<void(int64_t tokens)> prompt;  ///< of the prompt are computed, more are to come
  std::function<void(int64_t token)> token;
  std::function<void(std::string_view text)> text;
  std::function<void(std::exception_ptr error, GenerateResult result)> end;
};

class GenerationSink final : public engine::TokenSink {
 public:
  /// `logprobs`: what the chooser of the request notes; may be null.
  GenerationSink(Sequence sequence, GenerationEvents events, std::shared_ptr<Logprobs> logprobs,
                 std::optional<uint64_t> seed)
      : sequence_(std::move(sequence)),
        events_(std::move(events)),
        logprobs_(std::move(logprobs)),
        seed_(seed) {}

  void prompt_progress(int64_t computed) override;
  bool accept(int64_t token) override;
  void end(engine::EndReason reason, std::exception_ptr error,
           const engine::RequestMetrics& metrics) override;

 private:
  void show(const std::string& text);

  Sequence sequence_;
  GenerationEvents events_;
  std::shared_ptr<Logprobs> logprobs_;
  std::optional<uint64_t> seed_;
};

}  // namespace tessera
