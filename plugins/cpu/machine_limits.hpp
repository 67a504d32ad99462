/// The interface "tessera.machine-limits/1" of abi.h, measured with this backend's kernels.
#pragma once

#include "tessera/abi.h"

namespace tessera::cpu {

/// Lives for the process. Its functions: any thread.
const tsr_machine_limits_v1* machine_limits();

}  // namespace tessera::cpu
