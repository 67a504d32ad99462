/* struct_size is forgotten. */
#include "valid.h"

BROKEN_PLUGIN(plugin.struct_size = 0)
