/* Needs libprotobuf (the build links it): fine, unless the process has another one. */
#include "valid.h"

BROKEN_PLUGIN((void)0)
