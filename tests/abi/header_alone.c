/* The public C headers must need nothing before them and mean something to a C or C++ compiler of any age. */
#include "tessera/devices.h"
#include "tessera/planning.h"

#include "tessera/abi.h"

typedef char pointers_have_64_bits[sizeof(void*) == 8 ? 1 : -1];

const tsr_plugin* tessera_plugin_v0(const tsr_offer* offer, tsr_status** why) {
  (void)offer;
  (void)why;
  return 0;
}
