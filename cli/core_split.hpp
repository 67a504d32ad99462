/// How a target and its draft model share the cores of one device.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tessera/model.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {

struct CoreSplit {
  int64_t device;  ///< cores that a device has
  int64_t target, draft;
};

/// Of 16 cores the draft model gets 5, as Efficient Transformers' examples have it, of other numbers the same
/// part; where the target's number is given, what is left at most. nullopt: the backend, whose options
/// `declared` are, has no option `num-cores`. Throws Error kInvalidArgument when the target leaves none.
std::optional<CoreSplit> core_split(const CompileOptions& target, const std::vector<OptionInfo>& declared);

/// `options` with so many cores.
CompileOptions with_cores(CompileOptions options, int64_t cores);

}  // namespace tessera::cli
