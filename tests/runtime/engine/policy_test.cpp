#include "runtime/engine/policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"

namespace tessera::engine {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Fcfs, RanksByArrivalAlone) {
  const auto policy = make_policy("fcfs");
  EXPECT_LT(policy->rank({.id = 1, .priority = 9}, 3), policy->rank({.id = 2, .priority = 0}, 4));
}

TEST(Priority, PutsTheSmallerNumberFirstUntilTheOtherHasWaitedLongEnough) {
  const auto policy = make_policy("priority", {.ageing_steps = 100});
  const double patient = policy->rank({.id = 1, .priority = 1}, 0);
  EXPECT_LT(policy->rank({.id = 2, .priority = 0}, 99), patient);
  EXPECT_GT(policy->rank({.id = 3, .priority = 0}, 101), patient);
}

TEST(Fair, LetsANewTenantPassTheQueueOfABusyOne) {
  const auto policy = make_policy("fair");
  double last = 0;
  for (RequestId id = 0; id < 10; ++id) {
    last = policy->rank({.id = id, .prompt_tokens = 10, .max_new_tokens = 10, .tenant = "busy"}, 0);
  }
  const double fresh = policy->rank({.id = 10, .prompt_tokens = 500, .tenant = "fresh"}, 0);
  EXPECT_LT(fresh, last);
}

TEST(Fair, SpacesRequestsByCostOverWeight) {
  const auto policy = make_policy("fair", {.weights = {{"heavy", 4}}});
  const Request light{.id = 0, .prompt_tokens = 30, .max_new_tokens = 10, .tenant = "light"};
  const Request heavy{.id = 1, .prompt_tokens = 30, .max_new_tokens = 10, .tenant = "heavy"};
  policy->rank(light, 0);
  policy->rank(heavy, 0);
  EXPECT_DOUBLE_EQ(policy->rank(light, 0), 40);
  EXPECT_DOUBLE_EQ(policy->rank(heavy, 0), 10);
}

TEST(Fair, DoesNotSaveUpTheTimeATenantWasAway) {
  const auto policy = make_policy("fair");
  Request busy{.id = 0, .prompt_tokens = 90, .max_new_tokens = 10, .tenant = "busy"};
  for (; busy.id < 10; ++busy.id) {
    policy->rank(busy, 0);
    policy->admitted(busy);
  }
  // All of the busy one's requests are being served: the newcomer stands where the newest of them stands.
  EXPECT_DOUBLE_EQ(policy->rank({.id = 10, .prompt_tokens = 1, .tenant = "late"}, 0), 900);
}

TEST(MakePolicy, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT([] { make_policy("lifo"); },
              ThrowsMessage<Error>(HasSubstr("unknown scheduling policy 'lifo'")));
  EXPECT_THAT(
      [] {
        make_policy("fair", {.weights = {{"a", 0}}});
      },
      ThrowsMessage<Error>(HasSubstr("the weight of tenant 'a' must be above 0")));
  EXPECT_THAT([] { make_policy("priority", {.ageing_steps = -1}); },
              ThrowsMessage<Error>(HasSubstr("ageing_steps must be above 0")));
}

}  // namespace
}  // namespace tessera::engine
