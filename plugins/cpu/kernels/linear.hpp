/// Linear layers on a team of threads: the geometry of packed rows, and the one call that a plan needs.
#pragma once

#include <cstdint>

#include "kernel_table.hpp"
#include "plugins/cpu/threads/thread_pool.hpp"

namespace tessera::cpu {

/// Floats of the buffer that `pack_rows` fills: rows * in and a few more. 0 when rows == 1.
int64_t linear_pack_floats(const LinearCall& call);

/// Units of work of `pack_rows`.
int64_t linear_pack_units(const KernelTable& table, const LinearCall& call);

/// Runs `call` on all threads of `team`: every thread of the region must make this call with equal arguments.
/// packed_x  linear_pack_floats(call) floats, aligned to 64, shared by the team; may be null when rows == 1.
/// Begins with a barrier (x may come from any thread of the team) and ends without one: y is complete only
/// after the team's next barrier or the region's end.
void linear(Team& team, const KernelTable& table, const LinearCall& call, float* packed_x);

}  // namespace tessera::cpu
