/* needs_abi is forgotten. */
#include "valid.h"

BROKEN_PLUGIN(plugin.needs_abi = 0)
