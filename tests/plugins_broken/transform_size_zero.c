/* A transform whose struct_size is forgotten. */
#include "valid.h"

BROKEN_PLUGIN(transform.struct_size = 0)
