/// Which devices a program goes on.
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/qaic/driver/devices.hpp"
#include "plugins/qaic/driver/library.hpp"

namespace tessera::qaic {

/// `wanted` if given: each has to be there, ready, and have `cores` free; else the first `count` that are so.
/// Throws kNotFound (no such device, none at all), kBusy (not ready, cores taken), kInvalidArgument (fewer
/// cores than the program takes even when empty, or another number of devices than `count`).
std::vector<QID> choose_devices(const Library& library, const std::vector<int64_t>& wanted, int64_t count,
                                int64_t cores);

}  // namespace tessera::qaic
