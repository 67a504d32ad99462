/// Requests beside one another: a handle for each.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/generate.hpp"

namespace tessera {

/// Callbacks run on the engine's thread and hold up all requests: they should be short. They may submit and
/// cancel. What one throws ends its own request with that error.
struct SubmitOptions {
  std::function<void(std::string_view)> on_text = {};  ///< each piece of text; for one text alone
  std::function<void(int64_t)> on_token = {};  ///< each token, before its text; of several texts: of any
  std::function<void(const GenerateResult&)> on_end = {};  ///< with what get() gives; not after an error
  /// Each piece of text with its choice, from 0; of best_of texts while they are made, best or not.
  std::function<void(size_t choice, std::string_view)> on_choice_text = {};
  std::function<void(std::exception_ptr)> on_error = {};  ///< instead of on_end
  std::string tenant = {};                                ///< who shares under the policy `fair`
  int32_t priority = 0;                                   ///< of the policy `priority`: smaller goes first
  std::string cache_salt = {};                            ///< only equal salts share computed prefixes
  std::chrono::milliseconds timeout = {};                 ///< 0: none; then it ends with kTimeout
};

/// A request that was submitted, with one text or several (sampling n, best_of). Copies are of the same
/// request. All functions from any thread. The model outlives calls to cancel(); get() works without it.
class Generation {
 public:
  struct State;
  explicit Generation(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// Waits for the end. A cancelled request and one whose time is up give what there is. Throws what ended
  /// it. Of several texts the first.
  GenerateResult get() const;
  /// The n texts, choice by choice; with best_of the likeliest first. What ends one of them with an error
  /// ends all.
  std::vector<GenerateResult> get_all() const;
  /// True when it has ended, with all its texts.
  bool wait_for(std::chrono::milliseconds time) const;
  /// Ends it with kCancelled before the next step; nothing happens when it has ended.
  void cancel() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace tessera
