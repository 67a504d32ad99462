/// The functions that one plugin gets of the host (`tsr_host`).
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "tessera/abi.h"

namespace tessera::plugin {

/// What the host's functions need to know. Outlives every table that refers to it.
struct HostFacts {
  std::atomic<int> threads{0};  ///< the user's wish; 0 = as many as there are
};

/// A table for one plugin, which may keep the pointer: `c()` is valid for the life of the process, like the
/// plugin.
class HostTable {
 public:
  /// `plugin` is how the plugin is called in the log until `rename`: its file name.
  HostTable(std::shared_ptr<const HostFacts> facts, std::string plugin);

  void rename(std::string plugin);
  const tsr_host* c() const;

 private:
  struct Table;
  Table* table_;  // never freed
};

}  // namespace tessera::plugin
