/* The licence has a length but no text. */
#include "valid.h"

BROKEN_PLUGIN(plugin.licence.ptr = NULL)
