/* The magic is forgotten. */
#include "valid.h"

BROKEN_PLUGIN(plugin.magic = 0)
