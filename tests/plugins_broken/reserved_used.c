/* Writes a reserved member. */
#include "valid.h"

BROKEN_PLUGIN(backend.reserved = 1)
