#include "runtime/speculation/lookup_drafter.hpp"

namespace tessera::speculation {

void LookupDrafter::begin(SequenceId sequence, size_t, std::unique_ptr<DraftChooser>) {
  sequences_.emplace(sequence, PromptLookup({}, options_));
}

void LookupDrafter::propose(std::span<Draft> drafts) {
  for (Draft& draft : drafts) {
    PromptLookup& lookup = sequences_.at(draft.sequence);
    for (size_t i = lookup.size(); i < draft.tokens->size(); ++i) lookup.accept((*draft.tokens)[i]);
    lookup.propose(draft.most, draft.proposals);
  }
}

}  // namespace tessera::speculation
