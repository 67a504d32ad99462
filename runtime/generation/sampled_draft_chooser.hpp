/// The sampler of a draft model's sequence: the target's own, over the ids that both share.
#pragma once

#include <memory>
#include <utility>

#include "runtime/sampling/sampler.hpp"
#include "runtime/speculation/drafter.hpp"

namespace tessera {

class SampledDraftChooser final : public speculation::DraftChooser {
 public:
  /// workspace  as of SampledChooser: the engine's thread drafts, too
  SampledDraftChooser(sampling::Sampler sampler, std::shared_ptr<sampling::Workspace> workspace)
      : sampler_(std::move(sampler)), workspace_(std::move(workspace)) {}

  int64_t choose(std::span<float> logits) override {
    const int64_t token = sampler_.choose(logits, *workspace_).token;
    sampler_.accept(token);
    return token;
  }
  void accept(int64_t token) override { sampler_.accept(token); }
  void rollback(size_t generated) override { sampler_.rollback(generated); }
  size_t generated() const override { return sampler_.accepted(); }

 private:
  sampling::Sampler sampler_;
  std::shared_ptr<sampling::Workspace> workspace_;
};

}  // namespace tessera
