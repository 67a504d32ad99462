/// A compiled graph: the plan of its kernels and its packed weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lower.hpp"
#include "packed_weights.hpp"
#include "plugins/cpu/executor/plan.hpp"
#include "plugins/cpu/kernels/isa.hpp"
#include "plugins/cpu/kernels/kernel_table.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::cpu {

/// The choices of a compilation, from its options and the environment.
struct ProgramConfig {
  Isa isa = Isa::kPortable;
  int threads = 1;             ///< upper limit
  bool threads_given = false;  ///< by the user: then a small model uses them, too
  int64_t kv_memory = 0;       ///< bytes of keys and values of a session at most; 0 = what it needs
};

/// An option that is a number of something. Throws kInvalidArgument.
int64_t not_negative(const sdk::Options& options, const std::string& name);

/// Immutable after construction: any thread, any number of sessions.
class CpuProgram : public sdk::Program {
 public:
  /// Compiles. Throws what read_model, lower, Plan::compile and PackedWeights::load throw.
  CpuProgram(const sdk::CompileArgs& args, const ProgramConfig& config);

  /// kv-memory.
  std::vector<sdk::OptionInfo> session_options() const override;
  std::unique_ptr<sdk::Session> create_session(const sdk::SessionArgs& args) override;
  /// weights.bytes, kv.bytes_per_token (abi.h); isa; threads: how many a step uses.
  sdk::Value property(std::string_view key) const override;

  const exec::Plan& plan() const { return plan_; }
  const InputRules& rules() const { return rules_; }
  const std::vector<KvShape>& caches() const { return caches_; }
  /// Bytes of keys and values that a session takes at most, unless it is told otherwise; 0 = what it needs.
  int64_t kv_memory() const { return kv_memory_; }
  /// Positions that a row sees at most, itself the last; 0 = all.
  int64_t window() const { return window_; }
  const PackedWeights& weights() const { return weights_; }
  const KernelTable& kernels() const { return kernels_; }
  ThreadPool& pool() const { return *pool_; }
  /// Indices of the plan's outputs that every run asks for (lower.hpp, kWrittenPrefix).
  const std::vector<size_t>& written_outputs() const { return written_outputs_; }

 private:
  CpuProgram(const sdk::CompileArgs& args, const ProgramConfig& config, LoweredModel lowered);

  const KernelTable& kernels_;
  InputRules rules_;
  std::vector<KvShape> caches_;
  int64_t window_, kv_memory_;
  int64_t plain_bytes_ = 0;  // of weights that plain operators read
  exec::Plan plan_;
  std::vector<size_t> written_outputs_;
  std::shared_ptr<ThreadPool> pool_;
  PackedWeights weights_;
};

}  // namespace tessera::cpu
