/* needs_abi is above built_abi. */
#include "valid.h"

BROKEN_PLUGIN(plugin.built_abi = TSR_ABI_VERSION; plugin.needs_abi = TSR_ABI_VERSION + 1)
