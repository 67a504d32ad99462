/* Breaks nothing: the others differ from it by what they say. */
#include "valid.h"

BROKEN_PLUGIN((void)0)
