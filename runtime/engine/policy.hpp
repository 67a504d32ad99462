/// Who goes first: an order of requests that is fixed when each arrives.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/engine/request.hpp"

namespace tessera::engine {

/// Gives each request a rank when it arrives; it never changes. Waiting requests get slots, and prompts are
/// taken in, from the smallest rank up; memory is taken back from the largest down. Among equal ranks the
/// lower id goes first. A fixed order costs nothing per step, and makes bounds easy to state: a request
/// waits for those ranked before it and for those that already hold a slot.
///
/// No policy starves anybody: only finitely many requests can ever rank before a given one, because ranks
/// grow with the step of arrival. That is the ageing.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual std::string_view name() const = 0;
  /// `step`: steps that the scheduler has planned so far. Called once per request.
  virtual double rank(const Request& request, uint64_t step) = 0;
  /// The request got its first slot.
  virtual void admitted(const Request&) {}
  /// It was cancelled before that.
  virtual void dropped(const Request&) {}
};

struct PolicyOptions {
  /// `priority`: steps of waiting that make up for one level of priority. > 0.
  double ageing_steps = 1000;
  /// `fair`: share of a tenant; others have 1. > 0.
  std::vector<std::pair<std::string, double>> weights = {};
  /// `fair`: tokens per unit of weight that a step of waiting is worth. > 0.
  double ageing_tokens = 1;
};

/// `fcfs`      first come, first served.
/// `priority`  rank = step of arrival + priority * ageing_steps.
/// `fair`      start-time fair queueing (Goyal et al., SIGCOMM 1996): a tenant's requests are spaced by their
///             cost, prompt + max_new_tokens, over its weight, from the virtual time on at which it became
///             busy; with ageing, so that a tenant of little weight is not put off for ever.
/// Throws Error kInvalidArgument naming the known ones, or a weight or ageing that is not above 0.
std::unique_ptr<Policy> make_policy(std::string_view name, const PolicyOptions& options = {});

}  // namespace tessera::engine
