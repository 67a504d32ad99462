/// What guesses the tokens that follow, for the engine to verify.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace tessera::speculation {

using SequenceId = uint64_t;

/// How a draft model's tokens are chosen: as the target chooses its own, with the same noise and the same
/// history, so that both choose the same token wherever their logits are alike. One sequence's.
class DraftChooser {
 public:
  virtual ~DraftChooser() = default;
  /// The token at index generated(); it is accepted with that.
  /// logits  [ids that draft and target share]; may be changed
  /// Throws Error when nothing can be chosen from them.
  virtual int64_t choose(std::span<float> logits) = 0;
  /// A token that the target has emitted.
  virtual void accept(int64_t token) = 0;
  /// Takes back the last tokens so that `generated` are left.
  virtual void rollback(size_t generated) = 0;
  virtual size_t generated() const = 0;
};

/// A sequence's part of a round.
struct Draft {
  SequenceId sequence = 0;
  const std::vector<int64_t>* tokens = nullptr;  ///< prompt and emitted ones
  size_t most = 1;                               ///< tokens that are wanted
  std::vector<int64_t> proposals = {};           ///< the answer: at most that many, perhaps none
};

/// What is proposed changes no text, only its speed: the target keeps a token when it is its own choice. One
/// call at a time.
class Drafter {
 public:
  virtual ~Drafter() = default;
  /// A sequence that may be drafted for from now on.
  /// chooser  null for a greedy text
  virtual void begin(SequenceId sequence, size_t prompt_tokens, std::unique_ptr<DraftChooser> chooser) = 0;
  /// Fills in the proposals of sequences that have begun, each at most once. Throws Error.
  virtual void propose(std::span<Draft> drafts) = 0;
  /// The sequence is over, or will not be drafted for until it begins again; unknown ones are ignored.
  virtual void end(SequenceId sequence) = 0;
  /// What one token of a round costs, as measured; 0 where it costs next to nothing.
  virtual double seconds_per_token() const = 0;
};

}  // namespace tessera::speculation
