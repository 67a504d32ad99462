/// The first conversation with a plugin: it is told what the host is, and says what it is. Every rule of
/// docs/plugin-abi.md is checked here, once; nothing else of the plugin is called before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/abi.h"

namespace tessera::plugin {

/// A descriptor that kept the rules. The tables are copies (members that an older plugin lacks are zero);
/// their texts, arrays and functions are the plugin's and live for the process.
struct Manifest {
  std::string id, version, licence, vendor;
  uint32_t built_abi = 0, needs_abi = 0;
  std::vector<tsr_architecture> architectures;
  std::vector<tsr_transform> transforms;
  std::vector<tsr_backend> backends;
  tsr_status* (*init)(const tsr_host* host) = nullptr;
  void (*shutdown)() = nullptr;
};

/// "1.0 draft 1": a packed version as people read it.
std::string abi_text(uint32_t abi);

/// True for what ids look like: lower-case letters, digits and '-', first a letter or digit, at most 64
/// bytes.
bool is_id(std::string_view text);

/// Calls the entry and checks its answer. Throws
/// - what the plugin says when it refuses the host,
/// - kVersion      the descriptor's magic, sizes or versions do not fit this host; states both numbers
/// - kInternal     the descriptor breaks another rule: the message says which and where
Manifest negotiate(tsr_plugin_entry entry, const tsr_host* host);

}  // namespace tessera::plugin
