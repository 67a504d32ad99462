/* One typed function for each public struct, so that tools which compare binaries see them all: an entry
 * point that returns a pointer to a table hides nothing only if the table's type is reachable from an
 * exported function. abidiff compares this library with current.abi; see README.md. */
#include <string.h>

#include "tessera/abi.h"
#include "tessera/devices.h"
#include "tessera/planning.h"

#define WITNESS(type)                        \
  TSR_EXPORT void witness_##type(type* out); \
  void witness_##type(type* out) {           \
    memset(out, 0, sizeof *out);             \
  }

WITNESS(tsr_str)
WITNESS(tsr_buffer)
WITNESS(tsr_diag)
WITNESS(tsr_ext)
WITNESS(tsr_value)
WITNESS(tsr_option)
WITNESS(tsr_option_info)
WITNESS(tsr_progress)
WITNESS(tsr_host)
WITNESS(tsr_offer)
WITNESS(tsr_weight)
WITNESS(tsr_weights)
WITNESS(tsr_tensor)
WITNESS(tsr_recognise_args)
WITNESS(tsr_recognise_result)
WITNESS(tsr_build_args)
WITNESS(tsr_architecture)
WITNESS(tsr_transform_args)
WITNESS(tsr_transform)
WITNESS(tsr_compile_args)
WITNESS(tsr_session_args)
WITNESS(tsr_run_args)
WITNESS(tsr_backend)
WITNESS(tsr_slots_v1)
WITNESS(tsr_planning_v1)
WITNESS(tsr_devices_v1)
WITNESS(tsr_plugin)
