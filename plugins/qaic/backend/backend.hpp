/// The backend `qaic`: what it makes of a graph for Cloud AI 100.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/sdk/devices.hpp"
#include "tessera/sdk/planning.hpp"

namespace tessera::qaic {

/// Any thread.
class QaicBackend : public sdk::Backend, public sdk::Planning, public sdk::DeviceList {
 public:
  std::string id() const override { return "qaic"; }
  std::string summary() const override { return "Qualcomm Cloud AI 100: graphs, compiler, card"; }
  std::vector<sdk::OptionInfo> options() const override;
  sdk::Value property(std::string_view key) const override;
  /// "tessera.planning/1", "tessera.devices/1".
  const void* interface(std::string_view id) const override;
  std::vector<std::string> passes(const sdk::CompileArgs& args) const override;
  std::string plan(const sdk::CompileArgs& args) const override;
  std::string devices(const sdk::Options& options) const override;
  /// What the compiler would refuse after minutes, in seconds (preflight.hpp).
  void check(const sdk::CompileArgs& args) const override;
  bool has_slots() const override { return true; }
  /// Runs the compiler. With dry-run: the graph and all files in output-dir, and a program that only tells
  /// what was written.
  std::unique_ptr<sdk::Program> compile(const sdk::CompileArgs& args) const override;
};

}  // namespace tessera::qaic
