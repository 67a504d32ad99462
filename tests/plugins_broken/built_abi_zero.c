/* built_abi is forgotten. */
#include "valid.h"

BROKEN_PLUGIN(plugin.built_abi = 0)
