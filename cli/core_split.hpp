/// How a target and its draft model share the cores of one device.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tessera/model.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {

struct CoreSplit {
  int64_t device;  ///< cores that a device has
  int64_t target, draft;
};

/// Of 16 cores the draft model gets 5, as Efficient Transformers' examples have it, of other numbers the same
/// part; where one number is given (`target`, and `draft` for the draft model's own options), the other gets
/// what is left, the draft model 5 at most. nullopt: the backend, whose options `declared` are, has no option
/// `num-cores`; or they stand on different devices, since the draft model names its own, or since no device
/// is named and one has not so many cores. Throws Error kInvalidArgument when the target's devices have not.
std::optional<CoreSplit> core_split(const CompileOptions& target, const BackendOptions& draft,
                                    const std::vector<OptionInfo>& declared);

/// `options` with so many cores.
CompileOptions with_cores(CompileOptions options, int64_t cores);
BackendOptions with_cores(BackendOptions options, int64_t cores);

}  // namespace tessera::cli
