#include "runtime/engine/prefill_shape.hpp"

#include <algorithm>
#include <utility>

namespace tessera::engine {

void sort_by_size(std::vector<CompiledShape>& shapes) {
  const auto size = [](const CompiledShape& s) { return std::pair(s.batch * s.seq_len, s.batch); };
  std::sort(shapes.begin(), shapes.end(),
            [&](const CompiledShape& a, const CompiledShape& b) { return size(a) < size(b); });
}

CompiledShape prefill_shape(std::span<const CompiledShape> shapes, std::span<const int64_t> left) {
  CompiledShape best = shapes.front();
  int64_t most = 0;
  for (const CompiledShape& shape : shapes) {
    int64_t useful = 0;
    for (size_t i = 0; i < left.size() && static_cast<int64_t>(i) < shape.batch; ++i)
      useful += std::min(shape.seq_len, left[i]);
    if (useful <= most) continue;
    most = useful;
    best = shape;
  }
  return best;
}

}  // namespace tessera::engine
