/* struct_size ends before the last member of the first draft. */
#include "valid.h"

BROKEN_PLUGIN(plugin.struct_size = offsetof(tsr_plugin, get_interface))
