#include "runtime/engine/kv_slots.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/runtime/engine/fake_slot_memory.hpp"

namespace tessera::engine {
namespace {

std::vector<int64_t> tokens(int64_t count, int64_t first = 0) {
  std::vector<int64_t> result(static_cast<size_t>(count));
  std::iota(result.begin(), result.end(), first);
  return result;
}

class KvSlotsTest : public testing::Test {
 protected:
  KvSlots make(bool fork, int64_t granule = 1, uint32_t slots = 3) {
    memory = FakeSlotMemory(slots, 1000);
    return KvSlots({.slots = slots, .ctx_len = 500, .fork = fork, .granule = granule}, memory);
  }
  static std::optional<KvSlots::Placement> admit(KvSlots& slots, const std::vector<int64_t>& prompt,
                                                 std::string salt = {}) {
    const auto known = static_cast<int64_t>(prompt.size());
    return slots.admit({.prompt_tokens = known, .tokens = &prompt, .cache_salt = std::move(salt)}, known,
                       known, 0);
  }
  /// Runs a request to its end.
  void compute(KvSlots& slots, uint32_t slot, int64_t count) {
    slots.computed(slot, count);
    memory.length[slot] = count;
  }

  FakeSlotMemory memory{3, 1000};
};

TEST_F(KvSlotsTest, ResumesTheIdleSlotWithTheLongestCommonPrefix) {
  KvSlots slots = make(false);
  std::vector<int64_t> a = tokens(50), b = tokens(30);
  b.resize(60, 7);
  const auto first = admit(slots, a), second = admit(slots, b);
  compute(slots, first->slot, 50);
  compute(slots, second->slot, 60);
  slots.release(first->slot);
  slots.release(second->slot);
  std::vector<int64_t> c = tokens(40);
  c.resize(45, 9);
  const auto placement = admit(slots, c);
  EXPECT_EQ(placement->slot, first->slot);
  EXPECT_EQ(placement->cached_tokens, 40);
  EXPECT_EQ(memory.length[placement->slot], 40);  // cut behind it
  EXPECT_EQ(slots.counters().prefix_hits, 40U);
  EXPECT_EQ(slots.counters().resumes, 1U);
}

TEST_F(KvSlotsTest, AlwaysLeavesTheLastTokenToCompute) {
  KvSlots slots = make(false);
  const std::vector<int64_t> prompt = tokens(20);
  const auto first = admit(slots, prompt);
  compute(slots, first->slot, 20);
  slots.release(first->slot);
  EXPECT_EQ(admit(slots, prompt)->cached_tokens, 19);
}

TEST_F(KvSlotsTest, ForksARunningRequestWhereTheBackendCan) {
  KvSlots slots = make(true);
  const std::vector<int64_t> prompt = tokens(20);
  const auto first = admit(slots, prompt);
  compute(slots, first->slot, 15);  // of its prompt, so far
  const auto second = admit(slots, prompt);
  EXPECT_NE(second->slot, first->slot);
  EXPECT_EQ(second->cached_tokens, 15);
  EXPECT_EQ(memory.length[second->slot], 15);
  EXPECT_EQ(slots.counters().forks, 1U);
}

TEST_F(KvSlotsTest, LeavesRunningRequestsAloneWhereTheBackendCannotFork) {
  KvSlots slots = make(false);
  const std::vector<int64_t> prompt = tokens(20);
  compute(slots, admit(slots, prompt)->slot, 20);
  EXPECT_EQ(admit(slots, prompt)->cached_tokens, 0);
}

TEST_F(KvSlotsTest, ComputesAnewWhenTheBackendRefusesTheFork) {
  KvSlots slots = make(true);
  memory.can_fork = false;  // a window that has wrapped
  const std::vector<int64_t> prompt = tokens(20);
  compute(slots, admit(slots, prompt)->slot, 20);
  const auto second = admit(slots, prompt);
  EXPECT_EQ(second->cached_tokens, 0);
  EXPECT_EQ(slots.counters().forks, 0U);
}

TEST_F(KvSlotsTest, KeepsTheDonorWhenABranchIsForkedAndTakesItOverWhenItGoesOn) {
  KvSlots slots = make(true);
  const std::vector<int64_t> prompt = tokens(20);
  const auto first = admit(slots, prompt);
  compute(slots, first->slot, 20);
  slots.release(first->slot);
  std::vector<int64_t> branch = tokens(10);
  branch.resize(30, 5);
  EXPECT_NE(admit(slots, branch)->slot, first->slot);
  const std::vector<int64_t> next_turn = tokens(40);
  EXPECT_EQ(admit(slots, next_turn)->slot, first->slot);
  EXPECT_EQ(slots.counters().resumes, 1U);
}

TEST_F(KvSlotsTest, SharesNothingAcrossSaltsOrBelowAFewTokens) {
  KvSlots slots = make(true);
  const std::vector<int64_t> prompt = tokens(20), other = {0, 1, 2, 9, 9, 9, 9, 9, 9, 9, 9};
  compute(slots, admit(slots, prompt, "a")->slot, 20);
  EXPECT_EQ(admit(slots, prompt, "b")->cached_tokens, 0);
  EXPECT_EQ(admit(slots, other, "a")->cached_tokens, 0);
}

TEST_F(KvSlotsTest, EvictsTheLeastRecentlyUsedIdleSlotForMemory) {
  KvSlots slots = make(false);
  const std::vector<int64_t> a = tokens(300), b = tokens(300, 1000), c = tokens(450, 2000);
  const auto first = admit(slots, a), second = admit(slots, b);
  compute(slots, first->slot, 300);
  compute(slots, second->slot, 300);
  slots.release(second->slot);
  slots.release(first->slot);
  EXPECT_TRUE(admit(slots, c));
  EXPECT_EQ(memory.length[second->slot], 0);  // the older one
  EXPECT_EQ(memory.length[first->slot], 300);
  EXPECT_EQ(slots.counters().evictions, 1U);
}

TEST_F(KvSlotsTest, TakesTheDonorOverWhenThereIsNoRoomForASecondCopy) {
  KvSlots slots = make(true);
  memory.total = 400;
  const std::vector<int64_t> a = tokens(300);
  compute(slots, admit(slots, a)->slot, 300);
  slots.release(0);
  std::vector<int64_t> branch = tokens(200);
  branch.resize(350, 5);
  const auto placement = admit(slots, branch);
  ASSERT_TRUE(placement);
  EXPECT_EQ(placement->slot, 0U);
  EXPECT_EQ(placement->cached_tokens, 200);
}

TEST_F(KvSlotsTest, SaysThatThereIsNoRoomAndLeavesWhatIsHeldAlone) {
  KvSlots slots = make(false);
  memory.total = 400;
  const std::vector<int64_t> a = tokens(300), b = tokens(150, 1000);
  const auto first = admit(slots, a);
  EXPECT_FALSE(admit(slots, b));
  EXPECT_EQ(slots.held(), 1U);
  EXPECT_FALSE(slots.grow(first->slot, 401));
  EXPECT_TRUE(slots.grow(first->slot, 400));
  EXPECT_EQ(memory.reserved[first->slot], 400);
}

TEST_F(KvSlotsTest, GrowsByGranulesWhileThereIsRoomAndExactlyWhenThereIsNot) {
  KvSlots slots = make(false, 64);
  memory.total = 150;
  const std::vector<int64_t> a = tokens(10);
  const auto first = admit(slots, a);
  EXPECT_EQ(slots.room(first->slot), 64);
  EXPECT_TRUE(slots.grow(first->slot, 65));
  EXPECT_EQ(slots.room(first->slot), 128);
  EXPECT_TRUE(slots.grow(first->slot, 129));
  EXPECT_EQ(slots.room(first->slot), 129);
}

TEST_F(KvSlotsTest, ObeysALimitOfItsOwn) {
  memory = FakeSlotMemory(2, 1000);
  KvSlots slots({.slots = 2, .ctx_len = 500, .granule = 1, .kv_tokens = 100}, memory);
  const std::vector<int64_t> a = tokens(60), b = tokens(41, 1000);
  const auto first = admit(slots, a);
  EXPECT_FALSE(admit(slots, b));
  EXPECT_FALSE(slots.grow(first->slot, 101));
}

TEST_F(KvSlotsTest, ComputesAnewWhatABackendCannotCutBack) {
  KvSlots slots = make(false);
  const std::vector<int64_t> prompt = tokens(20);
  compute(slots, admit(slots, prompt)->slot, 20);
  slots.release(0);
  memory.can_truncate = false;  // a window that has moved on
  const auto again = admit(slots, prompt);
  EXPECT_EQ(again->cached_tokens, 0);
  EXPECT_EQ(memory.length[again->slot], 0);
}

TEST_F(KvSlotsTest, CountsWhatAWindowKeepsAndNoMore) {
  memory = FakeSlotMemory(2, 100000);
  KvSlots slots({.slots = 2, .ctx_len = 5000, .granule = 1, .slot_tokens = 100, .kv_tokens = 150}, memory);
  const std::vector<int64_t> a = tokens(2000), b = tokens(50, 9000);
  const auto first = admit(slots, a);
  ASSERT_TRUE(first);
  EXPECT_EQ(slots.reserved_tokens(), 100);
  EXPECT_TRUE(slots.grow(first->slot, 3000));
  EXPECT_TRUE(admit(slots, b));
  EXPECT_EQ(slots.reserved_tokens(), 150);
  slots.discard(first->slot);
  EXPECT_EQ(slots.reserved_tokens(), 50);
}

TEST_F(KvSlotsTest, ForgetsAllThatIsIdle) {
  KvSlots slots = make(false);
  const std::vector<int64_t> a = tokens(60);
  compute(slots, admit(slots, a)->slot, 60);
  slots.release(0);
  EXPECT_EQ(slots.reserved_tokens(), 60);
  slots.forget();
  EXPECT_EQ(slots.reserved_tokens(), 0);
  EXPECT_EQ(admit(slots, a)->cached_tokens, 0);
}

}  // namespace
}  // namespace tessera::engine
