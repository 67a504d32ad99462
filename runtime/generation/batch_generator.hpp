/// Generates for several sequences side by side on a ragged backend.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/generation/sequence.hpp"
#include "runtime/sampling/sampler.hpp"
#include "runtime/session/step.hpp"

namespace tessera {

/// Each step takes from every sequence the tokens that are not computed yet (a prompt's chunk, or the last
/// generated token), up to `max_rows`, and gives each sequence whose last token was among them its next
/// token, which its sampler chooses. Not thread-safe.
class BatchGenerator {
 public:
  /// Sequence i lives in slot i and has sampler i. `runner` and `sequences` outlive this object.
  BatchGenerator(StepRunner& runner, std::vector<Sequence>& sequences,
                 std::vector<sampling::Sampler> samplers, int64_t vocab_size, size_t max_rows);

  bool done() const;
  /// Tokens of prompts that are computed, and of all prompts.
  std::pair<uint64_t, uint64_t> prompt_progress() const;

  /// Runs one step; `on_text(i, text)` receives what sequence i may show because of it.
  void step(const std::function<void(size_t, std::string_view)>& on_text);

 private:
  bool add_rows(size_t index);

  StepRunner& runner_;
  std::vector<Sequence>& sequences_;
  std::vector<sampling::Sampler> samplers_;
  std::vector<size_t>
      computed_;  ///< by sequence: tokens of prompt + generated whose keys and values are in the slot
  int64_t vocab_size_;
  size_t max_rows_;
  // Of the step that is being built; kept for their memory.
  std::vector<Row> rows_;
  std::vector<int64_t> logits_rows_;
  std::vector<size_t> owners_;
  std::vector<float> logits_;
  sampling::Workspace workspace_;
};

}  // namespace tessera
