#include "step.hpp"

namespace tessera::cpu {

void find_runs(const StepRows& rows, std::vector<RowRun>& runs) {
  runs.clear();
  for (size_t row = 0; row < rows.positions.size(); ++row) {
    const int64_t position = rows.positions[row];
    if (position < 0) continue;
    const auto index = static_cast<int64_t>(row);
    if (!runs.empty()) {
      RowRun& last = runs.back();
      if (last.slot == rows.slots[row] && last.position + last.rows == position &&
          last.first_row + last.rows == index) {
        ++last.rows;
        continue;
      }
    }
    runs.push_back({rows.slots[row], position, index, 1});
  }
}

}  // namespace tessera::cpu
