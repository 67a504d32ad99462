/// Retained state of a program, and its steps.
#pragma once

#include <memory>
#include <vector>

#include "kv_blocks.hpp"
#include "plugins/cpu/executor/plan.hpp"
#include "program.hpp"
#include "step.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::cpu {

/// One call at a time; sessions of one program run side by side (their regions of all threads take turns).
class CpuSession : public sdk::Session, private sdk::Slots {
 public:
  /// Throws kInvalidArgument for sizes that make no sense: no slot for a program with caches, no position in
  /// a slot. `program` outlives it.
  CpuSession(const CpuProgram& program, const sdk::SessionArgs& args);

  /// Checks everything that the caller gives first; what is refused then has changed nothing.
  void run(const sdk::RunArgs& args) override;
  /// kv.free_tokens, kv.slot_tokens, kv.bytes (abi.h).
  sdk::Value property(std::string_view key) const override;
  /// Null for a program without retained state.
  sdk::Slots* slots() override { return program_.caches().empty() ? nullptr : this; }

 private:
  void reset(uint32_t slot) override { kv_.reset(slot); }
  void reserve(uint32_t slot, uint64_t tokens) override;
  void truncate(uint32_t slot, uint64_t tokens) override;
  void fork(uint32_t from, uint32_t to, uint64_t tokens) override;

  void find_outputs(const sdk::RunArgs& args);
  void check_declared_shape(const sdk::TensorView& given, const graph::ValueInfo& declared) const;
  std::vector<exec::Value> compute(const sdk::RunArgs& args);
  void own_blocks();
  void keep_written();

  const CpuProgram& program_;
  uint64_t max_rows_;
  KvBlocks kv_;
  Step step_;
  exec::Workspace workspace_;
  std::vector<size_t> outputs_;  // of the step: index in the plan of each output wanted
  std::vector<size_t> wanted_;   // and those of written_outputs()
};

}  // namespace tessera::cpu
