/// The families of standard operators; each function registers one file's kernels.
#pragma once

#include "../kernel.hpp"

namespace tessera::exec {

void register_constant(KernelRegistry& registry);
void register_identity(KernelRegistry& registry);

}  // namespace tessera::exec
