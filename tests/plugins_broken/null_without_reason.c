/* Refuses the host and does not say why. */
#include "tessera/abi.h"

const tsr_plugin* tessera_plugin_v0(const tsr_offer* offer, tsr_status** why) {
  (void)offer, (void)why;
  return 0;
}
