/* More transforms than anybody has. */
#include "valid.h"

BROKEN_PLUGIN(plugin.transform_count = UINT64_MAX)
