// Lets a C++ exception out of the entry.
#include <stdexcept>

#include "tessera/abi.h"

const tsr_plugin* tessera_plugin_v0(const tsr_offer*, tsr_status**) {
  throw std::runtime_error("no config");
}
