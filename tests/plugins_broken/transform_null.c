/* A null among the transforms. */
#include "valid.h"

BROKEN_PLUGIN(transforms[0] = NULL)
