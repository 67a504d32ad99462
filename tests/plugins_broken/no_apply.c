/* A transform without its function. */
#include "valid.h"

BROKEN_PLUGIN(transform.apply = NULL)
