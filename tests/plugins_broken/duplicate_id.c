/* Registers one transform twice. */
#include "valid.h"

BROKEN_PLUGIN(plugin.transform_count = 2)
