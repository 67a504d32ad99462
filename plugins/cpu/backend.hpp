/// The backend `cpu`: what it can do, and how it is asked to compile.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "program.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::cpu {

/// Any thread.
class CpuBackend : public sdk::Backend {
 public:
  std::string id() const override { return "cpu"; }
  std::string summary() const override;
  /// threads: 0 = the host's budget; isa: a tier, or "auto" = the environment's TESSERA_ISA, else the best.
  std::vector<sdk::OptionInfo> options() const override;
  /// All keys of abi.h.
  sdk::Value property(std::string_view key) const override;
  bool has_slots() const override { return true; }
  bool can_fork() const override { return true; }
  /// "tessera.machine-limits/1".
  const void* interface(std::string_view id) const override;
  void check(const sdk::CompileArgs& args) const override;
  std::unique_ptr<sdk::Program> compile(const sdk::CompileArgs& args) const override;
};

}  // namespace tessera::cpu
