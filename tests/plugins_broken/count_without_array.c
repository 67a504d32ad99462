/* Three transforms at a null address. */
#include "valid.h"

BROKEN_PLUGIN(plugin.transforms = NULL; plugin.transform_count = 3)
