/// A model that counts: its next token is the last one + 1.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <vector>

#include "runtime/session/step.hpp"
#include "tests/runtime/engine/fake_slot_memory.hpp"

namespace tessera::engine {

/// Checks that each slot is written in order and only where it is reserved. A text's tokens depend on all
/// tokens before it, so that a slot in disorder gives other tokens: next = (sum of the slot's tokens) % 97.
class CountingModel : public StepRunner, public FakeSlotMemory {
 public:
  static constexpr int64_t kVocab = 97;

  CountingModel(uint32_t slots, int64_t tokens) : FakeSlotMemory(slots, tokens), contents_(slots) {}

  /// What the model says behind a prompt, computed without slots.
  static std::vector<int64_t> expected(const std::vector<int64_t>& prompt, int64_t count) {
    int64_t sum = 0;
    for (const int64_t token : prompt) sum += token;
    std::vector<int64_t> tokens;
    while (static_cast<int64_t>(tokens.size()) < count) {
      tokens.push_back((sum + 1) % kVocab);
      sum += tokens.back();
    }
    return tokens;
  }

  void run(std::span<const Row> rows, std::span<const int64_t> logits_rows,
           std::span<const StepOutput> outputs) override {
    ++steps;
    largest_step = std::max(largest_step, rows.size());
    if (before_step) before_step(rows);
    std::vector<int64_t> next;
    for (const Row& row : rows) {
      std::vector<int64_t>& slot = contents_[row.slot];
      // In order; what was proposed and not accepted is written over.
      EXPECT_LE(row.position, length[row.slot]) << "slot " << row.slot;
      EXPECT_GE(row.position, length[row.slot] - most_taken_back) << "slot " << row.slot;
      EXPECT_LT(row.position, reserved[row.slot]);
      slot.resize(static_cast<size_t>(row.position));
      slot.push_back(row.token);
      length[row.slot] = row.position + 1;
      ++rows_computed;
      rope_lengths.push_back(row.rope_length);
      int64_t sum = 1;
      for (const int64_t token : slot) sum += token;
      next.push_back(sum % kVocab);
    }
    std::fill_n(outputs[0].data, logits_rows.size() * kVocab, 0.0F);
    for (size_t i = 0; i < logits_rows.size(); ++i) {
      outputs[0].data[static_cast<int64_t>(i) * kVocab + next[static_cast<size_t>(logits_rows[i])]] = 1;
    }
    if (after_step) after_step(rows, logits_rows, outputs);
  }

  bool fork(uint32_t from, uint32_t to, int64_t tokens) override {
    if (!FakeSlotMemory::fork(from, to, tokens)) return false;
    contents_[to].assign(contents_[from].begin(), contents_[from].begin() + tokens);
    return true;
  }

  int steps = 0;
  int64_t rows_computed = 0;
  int64_t most_taken_back = 0;  ///< positions of a slot that may be written again: with speculation
  size_t largest_step = 0;
  std::vector<int64_t> rope_lengths;
  std::function<void(std::span<const Row>)> before_step;
  std::function<void(std::span<const Row>, std::span<const int64_t>, std::span<const StepOutput>)> after_step;

 private:
  std::vector<std::vector<int64_t>> contents_;
};

}  // namespace tessera::engine
