/* The plugin has no id. */
#include "valid.h"

BROKEN_PLUGIN(plugin.id.len = 0)
