/* Exports nothing that the host knows. */
#include "tessera/abi.h"

TSR_EXPORT int tessera_plugin(void);
int tessera_plugin(void) {
  return 0;
}
