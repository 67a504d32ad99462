/* A plugin of the ABI after the freeze: another entry symbol. */
#include "tessera/abi.h"

TSR_EXPORT const tsr_plugin* tessera_plugin_v1(const tsr_offer* offer, tsr_status** why);
const tsr_plugin* tessera_plugin_v1(const tsr_offer* offer, tsr_status** why) {
  (void)offer, (void)why;
  return 0;
}
