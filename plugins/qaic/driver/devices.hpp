/// The devices of this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "library.hpp"

namespace tessera::qaic {

struct Device {
  QID id = 0;
  bool ready = false;
  std::string state;  ///< "ready", "initializing", "error"
  int nsp_total = 0, nsp_free = 0;
  uint64_t dram_total = 0, dram_free = 0;  ///< in the unit of the driver, which is not certain
};

/// Whole devices (0, 1, ...), in order. Asked one by one until the driver knows none: the call that lists
/// them has a signature that nobody published. Throws what the driver says other than "no such device".
std::vector<Device> list_devices(const Library& library);

/// "device 0: ready, 16 of 16 NSPs free".
std::string device_text(const Device& device);

}  // namespace tessera::qaic
