/// Drafts by a second, smaller model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "runtime/session/slot_memory.hpp"
#include "runtime/session/step.hpp"
#include "runtime/speculation/drafter.hpp"

namespace tessera::speculation {

/// Speculative decoding (Leviathan et al., arXiv:2211.17192) with shared noise instead of rejection sampling
/// (arXiv:2408.07978): the draft model draws with the target's noise, the target keeps what it draws itself.
///
/// All sequences of a round run side by side: a step of their tokens that the draft model has not seen yet,
/// then one step for each further token. What was proposed and not accepted is written over. A sequence has a
/// slot as long as no other needs it more (the one that was drafted for least recently gives way), and tokens
/// it has missed are computed when it is drafted for again, `max_rows` a round at most; until they are it has
/// no proposals, nor has one that is longer than the draft model's context or that the session has no memory
/// for.
class DraftModel final : public Drafter {
 public:
  struct Options {
    uint32_t slots = 1;
    int64_t ctx_len = 0;     ///< positions of a slot
    int64_t max_rows = 1;    ///< of a step; at least `slots`
    int64_t vocab_size = 0;  ///< rows of the draft model's head
    int64_t shared_ids = 0;  ///< ids from 0 that mean the same to the target; others are never proposed
  };

  /// `runner` and `memory` outlive this and are used by nobody else; all slots are empty.
  DraftModel(StepRunner& runner, SlotMemory& memory, const Options& options);
  ~DraftModel() override;

  void begin(SequenceId sequence, size_t prompt_tokens, std::unique_ptr<DraftChooser> chooser) override;
  /// Throws Error when a step fails or its logits are no numbers.
  void propose(std::span<Draft> drafts) override;
  void end(SequenceId sequence) override;
  /// The session behind runner and memory is a new one: all slots are empty.
  void forget();
  double seconds_per_token() const override { return seconds_per_token_; }

 private:
  struct Sequence;
  struct Live;

  /// Ready to compute what it has missed; false when it cannot be drafted for.
  bool prepare(Draft& draft, Sequence& sequence);
  bool find_slot(Sequence& sequence);
  void add_missed(Draft& draft, Sequence& sequence);
  void add_row(Sequence& sequence, int64_t token);
  void run();
  /// A token more for each, and its row for the next one.
  void extend();

  StepRunner& runner_;
  SlotMemory& memory_;
  Options options_;
  std::unordered_map<SequenceId, std::unique_ptr<Sequence>> sequences_;
  std::vector<Sequence*> by_slot_;  ///< null: nobody's
  uint64_t round_ = 0;
  double seconds_per_token_ = 0;

  // Of the step.
  std::vector<Live> live_;  ///< by row of logits
  std::vector<Row> rows_;
  std::vector<int64_t> logits_rows_;
  std::vector<float> logits_;
};

}  // namespace tessera::speculation
