/// Prompt lookup for many sequences.
#pragma once

#include <unordered_map>

#include "runtime/speculation/drafter.hpp"
#include "runtime/speculation/prompt_lookup.hpp"

namespace tessera::speculation {

class LookupDrafter final : public Drafter {
 public:
  explicit LookupDrafter(PromptLookupOptions options = {}) : options_(options) {}

  void begin(SequenceId sequence, size_t prompt_tokens, std::unique_ptr<DraftChooser> chooser) override;
  void propose(std::span<Draft> drafts) override;
  void end(SequenceId sequence) override { sequences_.erase(sequence); }
  double seconds_per_token() const override { return 0; }

 private:
  PromptLookupOptions options_;
  std::unordered_map<SequenceId, PromptLookup> sequences_;
};

}  // namespace tessera::speculation
