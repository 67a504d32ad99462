/* The plugin's id has a space and a capital letter. */
#include "valid.h"

BROKEN_PLUGIN(plugin.id = text("My plugin"))
