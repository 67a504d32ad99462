/* Refuses the host with a reason: no mistake, but no plugin either. */
#include "valid.h"

const tsr_plugin* tessera_plugin_v0(const tsr_offer* offer, tsr_status** why) {
  valid_plugin();
  *why = fail(offer->host, TSR_NOT_SUPPORTED, "this machine has no such device");
  return NULL;
}
