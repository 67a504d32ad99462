#include "linear.hpp"

#include <algorithm>

#include "linear_blocking.hpp"

namespace tessera::cpu {

int64_t linear_pack_floats(const LinearCall& call) {
  return call.rows == 1 ? 0 : call.rows * call.shape.in;
}

int64_t linear_pack_units(const KernelTable& table, const LinearCall& call) {
  const int64_t depth_blocks = (call.shape.in + kDepthBlock - 1) / kDepthBlock;
  int64_t units = 0;
  for (int64_t row = 0; row < call.rows; row += kRowBlock) {
    units += depth_blocks *
             row_tiles(std::min(kRowBlock, call.rows - row), table.tile_rows, table.stream_rows).count;
  }
  return units;
}

void linear(Team& team, const KernelTable& table, const LinearCall& call, float* packed_x) {
  team.barrier();
  const float* x = call.x;
  if (call.rows > 1) {
    const Team::Share units = team.share(linear_pack_units(table, call));
    table.pack_rows(call, units.begin, units.end, packed_x);
    team.barrier();
    x = packed_x;
  }
  team.for_each_after_barrier(panel_count(call.shape),
                              [&](int64_t begin, int64_t end) { table.linear(call, x, begin, end); });
}

}  // namespace tessera::cpu
