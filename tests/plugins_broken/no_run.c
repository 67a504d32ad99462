/* A backend without one of its functions. */
#include "valid.h"

BROKEN_PLUGIN(backend.run = NULL)
