/// The same requests in many regimes of the engine: what each says, and from which logits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/generation/serving.hpp"
#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"

namespace tessera::test {

inline constexpr int64_t kDeterminismContext = 160;

/// What a request was told.
struct SaidText {
  std::vector<int64_t> tokens;
  uint64_t logits_hash = 0xCBF29CE484222325U;  ///< FNV-1a over the logits of each emitted token
  /// By token: how much the largest logit is above the second, as a part of the larger magnitude of both.
  std::vector<double> gaps;
  bool operator==(const SaidText&) const = default;
};

enum class Order { kAlone, kTogether, kBackwards };

struct Regime {
  const char* name;
  Order order = Order::kTogether;
  EngineSettings settings = {};
  int64_t threads = 2;
  bool cancels = false;  ///< others come and go beside them
  int rounds = 1;        ///< the last counts: what earlier ones computed may be found
  std::vector<std::pair<std::string, std::string>> options = {};  ///< of the backend
};

/// Requests beside one another: every other one is sampled, and begins as the one before it.
class DeterminismRun {
 public:
  struct Setup {
    std::string model;            ///< folder
    std::string draft;            ///< folder of the draft model
    CompileOptions compile = {};  ///< threads and options are the regime's beside these
    size_t requests = 20;
    int64_t new_tokens = 90;  ///< of each request, and up to 4/9 more
  };
  explicit DeterminismRun(Setup setup);

  std::vector<SaidText> run(const Regime& regime);

  const LoadedModel& model() const { return loaded_; }
  const EngineStatistics& statistics() const { return statistics_; }  ///< of the last run

 private:
  void run_round(Serving& serving, const Regime& regime, std::vector<SaidText>& texts);
  engine::RequestId submit_other(Serving& serving, size_t request) const;

  Setup setup_;
  LoadedModel loaded_;
  EngineStatistics statistics_;
};

}  // namespace tessera::test
