/* Needs a minor version that this host does not have. */
#include "valid.h"

BROKEN_PLUGIN(plugin.built_abi = plugin.needs_abi = TSR_ABI_VERSION + 7)
