/// Progress of a plugin's long call, as a function of the host's.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "tessera/abi.h"

namespace tessera::plugin {

/// Is told how far a call is (`total` 0 = not known); false asks it to stop, and it then fails with
/// kCancelled. May be called from a thread of the plugin. Empty: nobody listens.
using ProgressFunction = std::function<bool(uint64_t done, uint64_t total, std::string_view text)>;

/// The C form, valid as long as this object and `function`.
class ProgressBridge {
 public:
  explicit ProgressBridge(const ProgressFunction& function) : function_(function) {
    c_.struct_size = sizeof(c_);
    c_.report = &report;
    c_.ctx = this;
  }
  ProgressBridge(const ProgressBridge&) = delete;
  ProgressBridge& operator=(const ProgressBridge&) = delete;

  /// Null when nobody listens.
  const tsr_progress* c() const { return function_ ? &c_ : nullptr; }

 private:
  static int32_t report(void* ctx, uint64_t done, uint64_t total, tsr_str text) {
    try {
      const std::string_view line =
          text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
      return static_cast<ProgressBridge*>(ctx)->function_(done, total, line) ? 0 : 1;
    } catch (...) {
      return 1;  // a listener that fails cannot listen on; nothing may be thrown through the plugin
    }
  }

  const ProgressFunction& function_;
  tsr_progress c_{};
};

}  // namespace tessera::plugin
