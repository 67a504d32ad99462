#include "packed_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

namespace tessera::cpu {
namespace {

// Large enough that a region of all threads is cheap beside it, small enough that little of the file is in
// memory and that progress comes often.
constexpr int64_t kPieceBytes = int64_t{16} << 20;

// Initializers inside the model first (they are in memory anyway), then by file and offset: disks like that.
std::vector<size_t> file_order(const std::vector<WeightSpec>& specs) {
  std::vector<size_t> order(specs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto before = [&](size_t a, size_t b) {
    const graph::ExternalData* left = specs[a].source.external.get();
    const graph::ExternalData* right = specs[b].source.external.get();
    if (left == nullptr || right == nullptr) return left == nullptr && right != nullptr;
    if (left->location != right->location) return left->location < right->location;
    return left->offset < right->offset;
  };
  std::stable_sort(order.begin(), order.end(), before);
  return order;
}

struct Destination {
  const WeightSpec& spec;
  std::byte* data;
};

// Rows [begin, end) of the weight; begin is a multiple of 32. `source` is the weight's first byte.
void store_rows(Destination to, const std::byte* source, int64_t begin, int64_t end, ThreadPool& pool) {
  const PackedLinear& shape = to.spec.shape;
  if (to.spec.layout == WeightLayout::kRows) {
    const int64_t row_bytes = shape.in * element_bytes(shape.type);
    std::memcpy(to.data + begin * row_bytes, source + begin * row_bytes,
                static_cast<size_t>((end - begin) * row_bytes));
    return;
  }
  const auto pack_panels = to.spec.stored_transposed ? pack_transposed : pack;
  const int64_t first = begin / kPanelWidth, last = (end + kPanelWidth - 1) / kPanelWidth;
  pool.parallel_for(last - first, [&](int64_t panel, int64_t panel_end) {
    pack_panels(shape, source, first + panel, first + panel_end, to.data);
  });
}

}  // namespace

PackedWeights PackedWeights::load(const std::vector<WeightSpec>& specs, const sdk::Weights& files,
                                  const sdk::Progress& progress, ThreadPool& pool) {
  uint64_t total = 0;
  for (const WeightSpec& spec : specs) total += static_cast<uint64_t>(stored_bytes(spec));
  PackedWeights result;
  result.arena_ = WeightArena(total);
  result.entries_.resize(specs.size());
  progress.report(0, total, "packing weights");
  uint64_t done = 0;
  std::byte* next = result.arena_.data();
  for (const size_t index : file_order(specs)) {
    const WeightSpec& spec = specs[index];
    const PackedLinear& shape = spec.shape;
    const graph::ExternalData* file = spec.source.external.get();
    const sdk::Buffer mapped = file != nullptr ? files.map(*file) : sdk::Buffer();
    const auto* source =
        file != nullptr ? mapped.data() : reinterpret_cast<const std::byte*>(spec.source.raw_data.data());
    const int64_t row_bytes = shape.in * element_bytes(shape.type);
    // What lies [in, out] in the file is read across: one piece, however large.
    const int64_t rows_a_piece =
        spec.stored_transposed ? shape.out
                               : std::max<int64_t>(1, kPieceBytes / row_bytes / kPanelWidth) * kPanelWidth;
    for (int64_t begin = 0; begin < shape.out; begin += rows_a_piece) {
      const int64_t end = std::min(shape.out, begin + rows_a_piece);
      store_rows({spec, next}, source, begin, end, pool);
      const auto piece_offset = static_cast<uint64_t>(begin * row_bytes);
      const auto piece_bytes = static_cast<uint64_t>((end - begin) * row_bytes);
      if (file != nullptr) files.drop(file->location, file->offset + piece_offset, piece_bytes);
      done += piece_bytes;
      progress.report(std::min(done, total), total, "packing weights");
    }
    result.entries_[index] = {shape, spec.layout, next};
    next += stored_bytes(spec);
  }
  return result;
}

void read_row(const PackedWeights::Entry& weight, int64_t row, float* y) {
  if (weight.layout == WeightLayout::kPanels) return gather_row(weight.shape, weight.data, row, y);
  const int64_t row_bytes = weight.shape.in * element_bytes(weight.shape.type);
  widen(weight.shape.type, weight.data + row * row_bytes, weight.shape.in, y);
}

}  // namespace tessera::cpu
