/* Built with the header of another draft. */
#include "valid.h"

BROKEN_PLUGIN(plugin.built_abi = plugin.needs_abi = TSR_ABI_VERSION + (1u << 24))
