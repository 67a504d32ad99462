/// The sampler of a sequence as the engine's chooser.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "runtime/engine/token_chooser.hpp"
#include "runtime/sampling/sampler.hpp"

namespace tessera {

using Logprobs = std::vector<sampling::TokenLogprobs>;  ///< by generated token

class SampledChooser final : public engine::TokenChooser {
 public:
  /// workspace  shared by all sequences of one engine, whose thread alone uses it
  /// logprobs   receives those of each token when the parameters ask for them; may be null
  SampledChooser(sampling::Sampler sampler, std::shared_ptr<sampling::Workspace> workspace,
                 std::shared_ptr<Logprobs> logprobs)
      : sampler_(std::move(sampler)), workspace_(std::move(workspace)), logprobs_(std::move(logprobs)) {}

  int64_t choose(std::span<float> logits) override {
    sampling::Choice choice = sampler_.choose(logits, *workspace_);
    sampler_.accept(choice.token);
    if (logprobs_ && choice.logprobs) logprobs_->push_back(std::move(*choice.logprobs));
    return choice.token;
  }

 private:
  sampling::Sampler sampler_;
  std::shared_ptr<sampling::Workspace> workspace_;
  std::shared_ptr<Logprobs> logprobs_;
};

}  // namespace tessera
