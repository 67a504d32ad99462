/* struct_size is above what any struct may have. */
#include "valid.h"

BROKEN_PLUGIN(plugin.struct_size = 1 << 20)
