// Operators of object detection: NonMaxSuppression, RoiAlign, MaxRoiPool, GridSample.
#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

struct Box {
  float y1, x1, y2, x2;
  float area() const { return (y2 - y1) * (x2 - x1); }
};

// Corners in any order, or centre and size [x, y, width, height].
Box read_box(const float* b, bool center) {
  if (center) return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
  return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}

float intersection_over_union(const Box& a, const Box& b) {
  float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (height <= 0 || width <= 0) return 0;
  float common = height * width;
  return common / (a.area() + b.area() - common);
}

// Best first; a box that overlaps a chosen one too much is dropped.
std::vector<int64_t> suppress(const float* boxes, const float* scores, int64_t count, bool center,
                              int64_t most, float overlap, const float* least_score) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < count; ++i)
    if (!least_score || scores[i] > *least_score) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  std::vector<int64_t> chosen;
  for (int64_t i : order) {
    if (static_cast<int64_t>(chosen.size()) >= most) break;
    Box box = read_box(boxes + i * 4, center);
    bool free = true;
    for (int64_t j : chosen)
      free = free && intersection_over_union(box, read_box(boxes + j * 4, center)) <= overlap;
    if (free) chosen.push_back(i);
  }
  return chosen;
}

// boxes [batch, count, 4], scores [batch, classes, count] -> [chosen, 3] (batch, class, box)
Kernel compile_non_max_suppression(NodeSpec& node) {
  node.expect_inputs(2, 5);
  bool center = node.get_int("center_point_box", 0);
  return [center](Context& run) {
    const Tensor& boxes = run.input(0);
    const Tensor& scores = run.input(1);
    if (boxes.rank() != 3 || scores.rank() != 3 || boxes.dim(2) != 4 || boxes.dim(1) != scores.dim(2) ||
        boxes.dim(0) != scores.dim(0))
      throw Error(ErrorCode::kInvalidArgument,
                  "boxes [batch, count, 4] and scores [batch, classes, count] do not fit");
    auto scalar = [&](size_t i, float fallback) {
      if (!run.has_input(i)) return fallback;
      if (run.input(i).size() != 1) throw Error(ErrorCode::kInvalidArgument, "a threshold must be a scalar");
      return *run.input(i).data<float>();
    };
    int64_t most = run.has_input(2) ? read_integer(run.input(2)) : 0;
    float overlap = scalar(3, 0), least = scalar(4, 0);
    std::vector<int64_t> all;
    int64_t count = boxes.dim(1);
    for (int64_t row = 0; row < scores.dim(0) * scores.dim(1); ++row) {
      int64_t batch = row / scores.dim(1);
      for (int64_t i : suppress(boxes.data<float>() + batch * count * 4, scores.data<float>() + row * count,
                                count, center, most, overlap, run.has_input(4) ? &least : nullptr))
        all.insert(all.end(), {batch, row % scores.dim(1), i});
    }
    run.set_output(0, Tensor::of<int64_t>({static_cast<int64_t>(all.size() / 3), 3}, all));
  };
}

// The four pixels around (y, x) with their bilinear weights, clamped to the plane; weights 0 when it is far
// outside.
struct Bilinear {
  int64_t index[4];
  double weight[4];

  Bilinear(double y, double x, int64_t height, int64_t width) : index{}, weight{} {
    double h = static_cast<double>(height), w = static_cast<double>(width);
    if (!(y >= -1 && y <= h && x >= -1 && x <= w)) return;
    y = std::clamp(y, 0.0, h - 1);
    x = std::clamp(x, 0.0, w - 1);
    int64_t y0 = static_cast<int64_t>(y), x0 = static_cast<int64_t>(x);
    int64_t y1 = std::min(y0 + 1, height - 1), x1 = std::min(x0 + 1, width - 1);
    double fy = y - static_cast<double>(y0), fx = x - static_cast<double>(x0);
    int64_t at[4] = {y0 * width + x0, y0 * width + x1, y1 * width + x0, y1 * width + x1};
    double weights[4] = {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx};
    std::copy_n(at, 4, index);
    std::copy_n(weights, 4, weight);
  }
};

struct RoiAlign {
  int64_t height, width, sampling;
  double scale;
  bool maximum, half_pixel;

  template <class T>
  void run(Context& run) const {
    const Tensor& x = run.input(0);
    const Tensor& rois = run.input(1);
    const int64_t* batches = run.input(2).data<int64_t>();
    if (x.rank() != 4 || rois.rank() != 2 || rois.dim(1) != 4 || run.input(2).size() != rois.dim(0))
      throw Error(ErrorCode::kInvalidArgument,
                  "input [n, c, h, w], rois [count, 4] and indices [count] are expected");
    Tensor& out = run.output(0, x.dtype(), {rois.dim(0), x.dim(1), height, width});
    T* y = out.mutable_data<T>();
    for (int64_t r = 0; r < rois.dim(0); ++r) {
      if (batches[r] < 0 || batches[r] >= x.dim(0))
        throw Error(ErrorCode::kInvalidArgument, "a batch index is out of range");
      for (int64_t c = 0; c < x.dim(1); ++c)
        y = one(x.data<T>() + (batches[r] * x.dim(1) + c) * x.dim(2) * x.dim(3), x.dim(2), x.dim(3),
                rois.data<T>() + r * 4, y);
    }
  }

  template <class T>
  T* one(const T* plane, int64_t in_height, int64_t in_width, const T* roi, T* y) const {
    double shift = half_pixel ? 0.5 : 0;
    double x1 = static_cast<double>(roi[0]) * scale - shift, y1 = static_cast<double>(roi[1]) * scale - shift;
    double w = static_cast<double>(roi[2]) * scale - shift - x1,
           h = static_cast<double>(roi[3]) * scale - shift - y1;
    if (!half_pixel) {
      w = std::max(w, 1.0);
      h = std::max(h, 1.0);
    }
    double bin_h = h / static_cast<double>(height), bin_w = w / static_cast<double>(width);
    int64_t ny = sampling > 0 ? sampling : static_cast<int64_t>(std::ceil(bin_h));
    int64_t nx = sampling > 0 ? sampling : static_cast<int64_t>(std::ceil(bin_w));
    for (int64_t i = 0; i < height; ++i)
      for (int64_t j = 0; j < width; ++j) {
        double sum = 0, best = 0;
        bool first = true;
        for (int64_t a = 0; a < ny; ++a)
          for (int64_t b = 0; b < nx; ++b) {
            double at_y =
                y1 +
                (static_cast<double>(i) + (static_cast<double>(a) + 0.5) / static_cast<double>(ny)) * bin_h;
            double at_x =
                x1 +
                (static_cast<double>(j) + (static_cast<double>(b) + 0.5) / static_cast<double>(nx)) * bin_w;
            Bilinear sample(at_y, at_x, in_height, in_width);
            for (int k = 0; k < 4; ++k) {
              double value = sample.weight[k] * static_cast<double>(plane[sample.index[k]]);
              sum += value;
              best = first ? value : std::max(best, value);
              first = false;
            }
          }
        *y++ = static_cast<T>(maximum ? best : sum / static_cast<double>(std::max<int64_t>(nx * ny, 1)));
      }
    return y;
  }
};

Kernel compile_roi_align(NodeSpec& node) {
  node.expect_inputs(3, 3);
  // Opset 10 had no choice of coordinates: pixel (0, 0) lies at 0.
  std::string coordinates = node.get_string("coordinate_transformation_mode",
                                            node.opset() < 16 ? "output_half_pixel" : "half_pixel");
  RoiAlign align{node.get_int("output_height", 1),        node.get_int("output_width", 1),
                 node.get_int("sampling_ratio", 0),       node.get_float("spatial_scale", 1),
                 node.get_string("mode", "avg") == "max", coordinates == "half_pixel"};
  if (align.height < 1 || align.width < 1) node.fail("the output's size must be positive");
  return widen_half([align](Context& run) {
    dispatch_float(run.input(0).dtype(), [&](auto type) { align.run<decltype(type)>(run); });
  });
}

struct MaxRoiPool {
  int64_t height, width;
  float scale;

  // One side of a region: pixels [begin, end) of bin `i` of `bins`, as Fast R-CNN (arXiv:1504.08083) cuts it:
  // corners rounded to pixels, both of them inside.
  static std::pair<int64_t, int64_t> bin(int64_t i, int64_t bins, int64_t first, int64_t last, int64_t size) {
    float length = static_cast<float>(std::max<int64_t>(last - first + 1, 1));
    float step = length / static_cast<float>(bins);
    auto begin = static_cast<int64_t>(std::floor(static_cast<float>(i) * step));
    auto end = static_cast<int64_t>(std::ceil(static_cast<float>(i + 1) * step));
    return {std::clamp<int64_t>(begin + first, 0, size), std::clamp<int64_t>(end + first, 0, size)};
  }

  // Beyond these corners no pixel of any plane lies, and a cast to int64 would not be defined.
  int64_t corner(double at) const {
    constexpr double kFar = 1e9;
    const double scaled = at * static_cast<double>(scale);
    return static_cast<int64_t>(std::round(std::clamp(std::isnan(scaled) ? 0 : scaled, -kFar, kFar)));
  }

  // An empty bin gives 0.
  template <class T>
  T* one(const T* plane, int64_t in_height, int64_t in_width, const T* roi, T* y) const {
    int64_t x1 = corner(static_cast<double>(roi[1])), y1 = corner(static_cast<double>(roi[2])),
            x2 = corner(static_cast<double>(roi[3])), y2 = corner(static_cast<double>(roi[4]));
    for (int64_t i = 0; i < height; ++i)
      for (int64_t j = 0; j < width; ++j) {
        auto [top, bottom] = bin(i, height, y1, y2, in_height);
        auto [left, right] = bin(j, width, x1, x2, in_width);
        bool empty = top >= bottom || left >= right;
        T best = empty ? T(0) : plane[top * in_width + left];
        for (int64_t a = top; a < bottom; ++a)
          for (int64_t b = left; b < right; ++b) best = std::max(best, plane[a * in_width + b]);
        *y++ = best;
      }
    return y;
  }

  template <class T>
  void run(Context& run) const {
    const Tensor& x = run.input(0);
    const Tensor& rois = run.input(1);
    if (x.rank() != 4 || rois.rank() != 2 || rois.dim(1) != 5 || rois.dtype() != x.dtype())
      throw Error(ErrorCode::kInvalidArgument, "input [n, c, h, w] and rois [count, 5] are expected");
    T* y = run.output(0, x.dtype(), {rois.dim(0), x.dim(1), height, width}).template mutable_data<T>();
    for (int64_t r = 0; r < rois.dim(0); ++r) {
      const T* roi = rois.data<T>() + r * 5;  // batch, x1, y1, x2, y2
      if (!(roi[0] >= 0 && roi[0] < static_cast<T>(x.dim(0))))
        throw Error(ErrorCode::kInvalidArgument, "a batch index is out of range");
      auto batch = static_cast<int64_t>(roi[0]);
      for (int64_t c = 0; c < x.dim(1); ++c)
        y = one(x.data<T>() + (batch * x.dim(1) + c) * x.dim(2) * x.dim(3), x.dim(2), x.dim(3), roi, y);
    }
  }
};

Kernel compile_max_roi_pool(NodeSpec& node) {
  node.expect_inputs(2, 2);
  std::vector<int64_t> shape = node.get_ints("pooled_shape");
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1)
    node.fail("pooled_shape must be two positive numbers");
  MaxRoiPool pool{shape[0], shape[1], node.get_float("spatial_scale", 1)};
  return widen_half([pool](Context& run) {
    dispatch_float(run.input(0).dtype(), [&](auto type) { pool.run<decltype(type)>(run); });
  });
}

struct GridSample {
  std::string mode, padding;
  bool align_corners;

  // From [-1, 1] to pixels.
  double pixel(double x, int64_t size) const {
    double length = static_cast<double>(size);
    return align_corners ? (x + 1) / 2 * (length - 1) : ((x + 1) * length - 1) / 2;
  }

  double reflect(double x, int64_t size) const {
    double low = align_corners ? 0 : -0.5;
    double high = static_cast<double>(size) - (align_corners ? 1 : 0.5);
    double span = high - low;
    if (span <= 0) return 0;
    double rest = std::fmod(std::fabs(x - low), 2 * span);
    return low + (rest > span ? 2 * span - rest : rest);
  }

  // Where a coordinate is read; outside with zeros it stays outside.
  double bounded(double x, int64_t size) const {
    if (padding == "border") return std::clamp(x, 0.0, static_cast<double>(size - 1));
    if (padding == "reflection") return std::clamp(reflect(x, size), 0.0, static_cast<double>(size - 1));
    return x;
  }

  template <class T>
  double at(const T* plane, double y, double x, int64_t height, int64_t width) const {
    y = bounded(y, height);
    x = bounded(x, width);
    if (!(y >= 0 && x >= 0 && y < static_cast<double>(height) && x < static_cast<double>(width))) return 0;
    return static_cast<double>(plane[static_cast<int64_t>(y) * width + static_cast<int64_t>(x)]);
  }

  static void cubic(double t, double* w) {
    constexpr double a = -0.75;
    auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
    auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
    w[0] = far(1 + t);
    w[1] = near(t);
    w[2] = near(1 - t);
    w[3] = far(2 - t);
  }

  template <class T>
  double sample(const T* plane, double y, double x, int64_t height, int64_t width) const {
    if (mode != "bicubic") {
      y = bounded(y, height);
      x = bounded(x, width);
    }
    if (mode == "nearest") return at(plane, std::nearbyint(y), std::nearbyint(x), height, width);
    double y0 = std::floor(y), x0 = std::floor(x);
    int count = mode == "bicubic" ? 4 : 2;
    double wy[4] = {1 - (y - y0), y - y0}, wx[4] = {1 - (x - x0), x - x0};
    if (mode == "bicubic") {
      cubic(y - y0, wy);
      cubic(x - x0, wx);
      --y0;
      --x0;
    }
    double sum = 0;
    for (int i = 0; i < count; ++i)
      for (int j = 0; j < count; ++j) sum += wy[i] * wx[j] * at(plane, y0 + i, x0 + j, height, width);
    return sum;
  }
};

// x [n, c, h, w], grid [n, out_h, out_w, 2] (x, y)
Kernel compile_grid_sample(NodeSpec& node) {
  node.expect_inputs(2, 2);
  GridSample grid{node.get_string("mode", "bilinear"), node.get_string("padding_mode", "zeros"),
                  node.get_int("align_corners", 0) != 0};
  return widen_half([grid](Context& run) {
    const Tensor& x = run.input(0);
    Tensor points = cast(run.input(1), DataType::kDouble, &run.pool());
    if (x.rank() != 4 || points.rank() != 4 || points.dim(3) != 2 || points.dim(0) != x.dim(0))
      throw Error(ErrorCode::kInvalidArgument, "input [n, c, h, w] and grid [n, h, w, 2] are expected");
    int64_t height = x.dim(2), width = x.dim(3), count = points.dim(1) * points.dim(2);
    Tensor& out = run.output(0, x.dtype(), {x.dim(0), x.dim(1), points.dim(1), points.dim(2)});
    dispatch_float(x.dtype(), [&](auto type) {
      using T = decltype(type);
      T* y = out.mutable_data<T>();
      for (int64_t plane = 0; plane < x.dim(0) * x.dim(1); ++plane)
        for (int64_t i = 0; i < count; ++i) {
          const double* point = points.data<double>() + (plane / x.dim(1) * count + i) * 2;
          *y++ =
              static_cast<T>(grid.sample(x.data<T>() + plane * height * width, grid.pixel(point[1], height),
                                         grid.pixel(point[0], width), height, width));
        }
    });
  });
}

}  // namespace

void register_detection(KernelRegistry& registry) {
  registry.add("", "NonMaxSuppression", 10, compile_non_max_suppression);
  registry.add("", "MaxRoiPool", 1, compile_max_roi_pool);
  registry.add("", "RoiAlign", 10, compile_roi_align);
  registry.add("", "GridSample", 16, compile_grid_sample);
}

}  // namespace tessera::exec
