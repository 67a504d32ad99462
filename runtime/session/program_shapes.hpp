/// What a program with compiled shapes says of them (properties shapes.*, docs/plugin-abi.md).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/plugin/backend.hpp"
#include "runtime/engine/capabilities.hpp"

namespace tessera {

struct ProgramShapes {
  int64_t slots = 0;
  int64_t ctx_len = 0;  ///< positions of a slot
  std::vector<engine::CompiledShape> prefill;
  std::vector<int64_t> decode;                ///< batches
  std::vector<engine::CompiledShape> verify;  ///< of decode runs with proposals
};

/// Nothing for a program that takes rows as they come. Throws Error kInternal for answers that make no sense.
std::optional<ProgramShapes> program_shapes(const plugin::Program& program);

}  // namespace tessera
