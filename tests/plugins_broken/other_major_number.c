/* The major version in the descriptor is not that of the symbol. */
#include "valid.h"

BROKEN_PLUGIN(plugin.built_abi = plugin.needs_abi = TSR_ABI_VERSION + (1u << 16))
