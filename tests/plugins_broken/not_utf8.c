/* The vendor is Latin-1. */
#include "valid.h"

BROKEN_PLUGIN(plugin.vendor = text("M\xFC"
                                   "ller"))
