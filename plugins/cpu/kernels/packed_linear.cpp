#include "packed_linear.hpp"

#include <algorithm>
#include <cstring>

#include "half.hpp"

namespace tessera::cpu {
namespace {

// Copies the transpose of up to 32 rows of `weight` into one panel. Sixteen columns at a time: a cache line
// of every source row is read once, and the 16 destination lines stay in the first-level cache.
template <class Element>
void pack_panel(const PackedLinear& shape, const char* weight, int64_t panel, Element* out) {
  const int64_t first = panel * kPanelWidth;
  const int64_t rows = shape.out - first < kPanelWidth ? shape.out - first : kPanelWidth;
  constexpr int64_t kColumns = 16;
  for (int64_t k = 0; k < shape.in; k += kColumns) {
    const int64_t columns = shape.in - k < kColumns ? shape.in - k : kColumns;
    Element* block = out + k * kPanelWidth;
    for (int64_t r = 0; r < rows; ++r) {
      Element line[kColumns];
      const char* source = weight + ((first + r) * shape.in + k) * static_cast<int64_t>(sizeof(Element));
      if (columns == kColumns) {
        std::memcpy(line, source, sizeof line);
        for (int64_t c = 0; c < kColumns; ++c) block[c * kPanelWidth + r] = line[c];
      } else {
        std::memcpy(line, source, static_cast<size_t>(columns) * sizeof(Element));
        for (int64_t c = 0; c < columns; ++c) block[c * kPanelWidth + r] = line[c];
      }
    }
    for (int64_t r = rows; r < kPanelWidth; ++r) {
      for (int64_t c = 0; c < columns; ++c) block[c * kPanelWidth + r] = 0;
    }
  }
}

template <class Element>
Element element_at(const void* base, int64_t index) {
  Element e;
  std::memcpy(&e, static_cast<const char*>(base) + index * static_cast<int64_t>(sizeof e), sizeof e);
  return e;
}

}  // namespace

int64_t element_bytes(WeightType type) {
  return type == WeightType::kF32 ? 4 : 2;
}

int64_t panel_count(const PackedLinear& shape) {
  return (shape.out + kPanelWidth - 1) / kPanelWidth;
}
int64_t panel_bytes(const PackedLinear& shape) {
  return shape.in * kPanelWidth * element_bytes(shape.type);
}
int64_t packed_bytes(const PackedLinear& shape) {
  return panel_count(shape) * panel_bytes(shape);
}

void pack(const PackedLinear& shape, const void* weight, int64_t panel_begin, int64_t panel_end,
          void* packed) {
  const auto* source = static_cast<const char*>(weight);
  for (int64_t panel = panel_begin; panel < panel_end; ++panel) {
    char* out = static_cast<char*>(packed) + panel * panel_bytes(shape);
    if (shape.type == WeightType::kF32) {
      pack_panel(shape, source, panel, reinterpret_cast<uint32_t*>(out));
    } else {
      pack_panel(shape, source, panel, reinterpret_cast<uint16_t*>(out));
    }
  }
}

void pack_transposed(const PackedLinear& shape, const void* weight, int64_t panel_begin, int64_t panel_end,
                     void* packed) {
  const auto* source = static_cast<const char*>(weight);
  const int64_t size = element_bytes(shape.type), line = kPanelWidth * size;
  for (int64_t panel = panel_begin; panel < panel_end; ++panel) {
    const int64_t first = panel * kPanelWidth;
    const int64_t bytes = std::min(kPanelWidth, shape.out - first) * size;
    char* out = static_cast<char*>(packed) + panel * panel_bytes(shape);
    for (int64_t k = 0; k < shape.in; ++k, out += line) {
      std::memcpy(out, source + (k * shape.out + first) * size, static_cast<size_t>(bytes));
      std::memset(out + bytes, 0, static_cast<size_t>(line - bytes));
    }
  }
}

void gather_row(const PackedLinear& shape, const void* packed, int64_t row, float* y) {
  const char* panel = static_cast<const char*>(packed) + row / kPanelWidth * panel_bytes(shape);
  const int64_t lane = row % kPanelWidth;
  for (int64_t k = 0; k < shape.in; ++k) {
    const int64_t index = k * kPanelWidth + lane;
    switch (shape.type) {
      case WeightType::kF32:
        y[k] = element_at<float>(panel, index);
        break;
      case WeightType::kF16:
        y[k] = f16_to_f32(element_at<uint16_t>(panel, index));
        break;
      case WeightType::kBF16:
        y[k] = bf16_to_f32(element_at<uint16_t>(panel, index));
        break;
    }
  }
}

void widen(WeightType type, const void* source, int64_t n, float* y) {
  if (type == WeightType::kF32) {
    std::memcpy(y, source, static_cast<size_t>(n) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    const auto bits = element_at<uint16_t>(source, i);
    y[i] = type == WeightType::kF16 ? f16_to_f32(bits) : bf16_to_f32(bits);
  }
}

}  // namespace tessera::cpu
