/// The cards of this machine, for `tessera doctor` and `--list-devices`.
#pragma once

#include <string>

#include "plugins/qaic/driver/library.hpp"

namespace tessera::qaic {

/// The JSON object of tessera/devices.h: devices, cores, memory, readiness. Throws what Library::open throws
/// of a library that was named, and what the driver says.
std::string device_list_json(const LibraryChoice& choice);

}  // namespace tessera::qaic
