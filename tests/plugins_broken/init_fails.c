/* Is accepted, then fails to initialise. */
#include "valid.h"

static tsr_status* init(const tsr_host* host) {
  return fail(host, TSR_DEVICE_LOST, "the device does not answer");
}

BROKEN_PLUGIN(plugin.init = init)
