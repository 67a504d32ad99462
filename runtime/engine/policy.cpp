#include "runtime/engine/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "tessera/sdk/error.hpp"

namespace tessera::engine {
namespace {

class Fcfs final : public Policy {
 public:
  std::string_view name() const override { return "fcfs"; }
  double rank(const Request&, uint64_t step) override { return static_cast<double>(step); }
};

class Priority final : public Policy {
 public:
  explicit Priority(double ageing_steps) : ageing_steps_(ageing_steps) {}
  std::string_view name() const override { return "priority"; }
  double rank(const Request& request, uint64_t step) override {
    return static_cast<double>(step) + request.priority * ageing_steps_;
  }

 private:
  double ageing_steps_;
};

class Fair final : public Policy {
 public:
  explicit Fair(const PolicyOptions& options) : ageing_tokens_(options.ageing_tokens) {
    for (const auto& [tenant, weight] : options.weights) tenants_[tenant].weight = weight;
  }
  std::string_view name() const override { return "fair"; }

  double rank(const Request& request, uint64_t step) override {
    Tenant& tenant = tenants_[request.tenant];
    const double start = std::max(virtual_time_, tenant.finish);
    const auto cost = static_cast<double>(request.prompt_tokens + request.max_new_tokens);
    tenant.finish = start + cost / tenant.weight;
    starts_.emplace(request.id, start);
    return start + ageing_tokens_ * static_cast<double>(step);
  }

  void admitted(const Request& request) override {
    const auto start = starts_.find(request.id);
    if (start == starts_.end()) return;
    virtual_time_ = std::max(virtual_time_, start->second);
    starts_.erase(start);
  }
  // Its cost stays charged: a tenant cannot buy places by cancelling.
  void dropped(const Request& request) override { starts_.erase(request.id); }

 private:
  struct Tenant {
    double weight = 1;
    double finish = 0;  ///< virtual time at which what it has asked for would be served
  };
  double ageing_tokens_;
  double virtual_time_ = 0;
  std::unordered_map<std::string, Tenant> tenants_;
  std::unordered_map<RequestId, double> starts_;  ///< of requests that wait for their first slot
};

void require_positive(double value, std::string_view what) {
  if (std::isfinite(value) && value > 0) return;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{} must be above 0, got {}", what, value));
}

}  // namespace

std::unique_ptr<Policy> make_policy(std::string_view name, const PolicyOptions& options) {
  require_positive(options.ageing_steps, "ageing_steps");
  require_positive(options.ageing_tokens, "ageing_tokens");
  for (const auto& [tenant, weight] : options.weights) {
    require_positive(weight, fmt::format("the weight of tenant '{}'", tenant));
  }
  if (name == "fcfs") return std::make_unique<Fcfs>();
  if (name == "priority") return std::make_unique<Priority>(options.ageing_steps);
  if (name == "fair") return std::make_unique<Fair>(options);
  throw Error(ErrorCode::kInvalidArgument, fmt::format("unknown scheduling policy '{}'", name))
      .key("scheduling_policy")
      .remedy("take fcfs, priority or fair");
}

}  // namespace tessera::engine
