// An architecture whose build ends only when the caller asks it to stop: what Ctrl-C during a load is tried
// on.
#include <chrono>
#include <thread>

#include "tessera/sdk/plugin.hpp"

namespace {

namespace sdk = tessera::sdk;

class WaitsForCancel : public sdk::Architecture {
 public:
  std::string id() const override { return "waits-for-cancel"; }
  std::string summary() const override { return "never finishes by itself"; }
  std::vector<std::string> model_types() const override { return {"waits_for_cancel"}; }

  sdk::Recognition recognise(std::string_view config) const override {
    if (config.find("waits_for_cancel") == std::string_view::npos) return {};
    return {100, "model_type is 'waits_for_cancel'"};
  }

  tessera::graph::Model build(const sdk::BuildArgs& args) const override {
    for (uint64_t done = 0;; ++done) {
      args.progress.report(done, 0, "waiting");  // throws when asked to stop
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
};

}  // namespace

TESSERA_PLUGIN("waits-for-cancel", "0.1.0", "Apache-2.0", "Tessera", sdk::architecture<WaitsForCancel>())
