// Signal processing: windows, Fourier transforms, the mel filter bank.
#include <fmt/format.h>

#include <cmath>
#include <complex>
#include <numbers>

#include "axis_view.hpp"
#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

constexpr double kPi = std::numbers::pi;

void fill_as(Context& run, DataType dtype, const Dims& dims, const std::vector<double>& values) {
  Tensor all = Tensor::of<double>(dims, values);
  run.set_output(0, cast(all, dtype, &run.pool()));
}

// A sum of cosines: a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N); N is one less for a symmetric window.
Kernel compile_cosine_window(NodeSpec& node, double a0, double a1, double a2) {
  node.expect_inputs(1, 1);
  DataType dtype = static_cast<DataType>(node.get_int("output_datatype", 1));
  bool periodic = node.get_int("periodic", 1);
  return [=](Context& run) {
    int64_t size = read_integer(run.input(0));
    if (size < 0) throw Error(ErrorCode::kInvalidArgument, "a window of negative size");
    double period = static_cast<double>(periodic ? size : size - 1);
    std::vector<double> values;
    for (int64_t i = 0; i < size; ++i) {
      double angle = 2 * kPi * static_cast<double>(i) / period;
      values.push_back(size == 1 ? 1 : a0 - a1 * std::cos(angle) + a2 * std::cos(2 * angle));
    }
    fill_as(run, dtype, {size}, values);
  };
}
Kernel compile_hann(NodeSpec& node) {
  return compile_cosine_window(node, 0.5, 0.5, 0);
}
Kernel compile_hamming(NodeSpec& node) {
  return compile_cosine_window(node, 25.0 / 46, 21.0 / 46, 0);
}
Kernel compile_blackman(NodeSpec& node) {
  return compile_cosine_window(node, 0.42, 0.5, 0.08);
}

using Complex = std::complex<double>;

// In place, for a power of two (decimation in time).
void fast_transform(std::vector<Complex>& x, double sign) {
  size_t n = x.size();
  for (size_t i = 1, j = 0; i < n; ++i) {
    size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (size_t length = 2; length <= n; length <<= 1)
    for (size_t k = 0; k < length / 2; ++k) {
      Complex w = std::polar(1.0, sign * 2 * kPi * static_cast<double>(k) / static_cast<double>(length));
      for (size_t first = 0; first < n; first += length) {
        Complex even = x[first + k], odd = x[first + k + length / 2] * w;
        x[first + k] = even + odd;
        x[first + k + length / 2] = even - odd;
      }
    }
}

// The discrete Fourier transform; the inverse divides by the length.
std::vector<Complex> transform(std::vector<Complex> x, bool inverse) {
  size_t n = x.size();
  double sign = inverse ? 1 : -1;
  std::vector<Complex> y(n);
  if (n > 0 && (n & (n - 1)) == 0) {
    y = std::move(x);
    fast_transform(y, sign);
  } else {
    std::vector<Complex> roots(n);
    for (size_t k = 0; k < n; ++k)
      roots[k] = std::polar(1.0, sign * 2 * kPi * static_cast<double>(k) / static_cast<double>(n));
    for (size_t k = 0; k < n; ++k)
      for (size_t i = 0; i < n; ++i) y[k] += x[i] * roots[k * i % n];
  }
  if (inverse)
    for (Complex& value : y) value /= static_cast<double>(n);
  return y;
}

// x: [..., signal, ..., 1 or 2 (real, imaginary)]; the last dimension of the result is 2.
Kernel compile_dft(NodeSpec& node) {
  node.expect_inputs(1, 2);
  int64_t axis = node.get_int("axis", 1);
  bool inverse = node.get_int("inverse", 0);
  bool one_sided = node.get_int("onesided", 0);
  return [=](Context& run) {
    Tensor x = cast(run.input(0), DataType::kDouble, &run.pool());
    if (x.rank() < 2 || x.dims().back() < 1 || x.dims().back() > 2 ||
        normalize_axis(axis, x.rank()) == x.rank() - 1)
      throw Error(ErrorCode::kInvalidArgument, "the input must be [..., signal, ..., 1 or 2]");
    int64_t parts = x.dims().back();
    Dims plane = x.dims().slice(0, x.dims().size() - 1);
    AxisView view(plane, normalize_axis(axis, x.rank()));
    int64_t length = run.has_input(1) ? read_integer(run.input(1)) : view.length;
    if (length < 1) throw Error(ErrorCode::kInvalidArgument, "the length of the transform must be positive");
    int64_t kept = one_sided ? length / 2 + 1 : length;
    Dims dims = x.dims();
    dims[static_cast<size_t>(normalize_axis(axis, x.rank()))] = kept;
    dims.back() = 2;
    std::vector<double> out(static_cast<size_t>(dims.product()));
    for (int64_t o = 0; o < view.outer; ++o)
      for (int64_t i = 0; i < view.inner; ++i) {
        std::vector<Complex> line(static_cast<size_t>(length));
        for (int64_t t = 0; t < std::min(length, view.length); ++t) {
          const double* at = x.data<double>() + ((o * view.length + t) * view.inner + i) * parts;
          line[static_cast<size_t>(t)] = Complex(at[0], parts == 2 ? at[1] : 0);
        }
        line = transform(std::move(line), inverse);
        for (int64_t t = 0; t < kept; ++t) {
          size_t at = static_cast<size_t>(((o * kept + t) * view.inner + i) * 2);
          out[at] = line[static_cast<size_t>(t)].real();
          out[at + 1] = line[static_cast<size_t>(t)].imag();
        }
      }
    fill_as(run, run.input(0).dtype(), dims, out);
  };
}

// signal [batch, length, 1 or 2], frame_step, window, frame_length -> [batch, frames, bins, 2]
Kernel compile_stft(NodeSpec& node) {
  node.expect_inputs(2, 4);
  bool one_sided = node.get_int("onesided", 1);
  return [=](Context& run) {
    Tensor x = cast(run.input(0), DataType::kDouble, &run.pool());
    Tensor window = run.has_input(2) ? cast(run.input(2), DataType::kDouble, &run.pool()) : Tensor();
    int64_t step = read_integer(run.input(1));
    if (!run.has_input(3) && !window.has_value())
      throw Error(ErrorCode::kInvalidArgument, "a window or a frame length is needed");
    int64_t length = run.has_input(3) ? read_integer(run.input(3)) : window.size();
    if (x.rank() != 3 || step < 1 || length < 1 || (window.has_value() && window.size() > length))
      throw Error(ErrorCode::kInvalidArgument,
                  "the signal must be [batch, length, 1 or 2], step and frame positive");
    int64_t parts = x.dim(2), samples = x.dim(1);
    int64_t frames = samples < length ? 0 : (samples - length) / step + 1;
    int64_t bins = one_sided ? length / 2 + 1 : length;
    Dims dims{x.dim(0), frames, bins, 2};
    std::vector<double> out;
    for (int64_t row = 0; row < x.dim(0) * frames; ++row) {
      std::vector<Complex> line(static_cast<size_t>(length));
      const double* first = x.data<double>() + (row / frames * samples + row % frames * step) * parts;
      for (int64_t t = 0; t < length; ++t) {
        double scale = !window.has_value() ? 1 : t < window.size() ? window.data<double>()[t] : 0;
        line[static_cast<size_t>(t)] =
            Complex(first[t * parts], parts == 2 ? first[t * parts + 1] : 0) * scale;
      }
      line = transform(std::move(line), false);
      for (int64_t t = 0; t < bins; ++t) {
        out.push_back(line[static_cast<size_t>(t)].real());
        out.push_back(line[static_cast<size_t>(t)].imag());
      }
    }
    fill_as(run, run.input(0).dtype(), dims, out);
  };
}

// num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz -> [dft_length / 2 + 1,
// num_mel_bins]
Kernel compile_mel_weight_matrix(NodeSpec& node) {
  node.expect_inputs(5, 5);
  DataType dtype = static_cast<DataType>(node.get_int("output_datatype", 1));
  return [dtype](Context& run) {
    auto number = [&](size_t i) {
      if (run.input(i).size() != 1) throw Error(ErrorCode::kInvalidArgument, "five scalars are expected");
      return *cast(run.input(i), DataType::kDouble, &run.pool()).data<double>();
    };
    int64_t bins = static_cast<int64_t>(number(0)), dft = static_cast<int64_t>(number(1));
    double rate = number(2);
    if (bins < 0 || dft < 1 || !(rate > 0) || bins > 1 << 24)
      throw Error(ErrorCode::kInvalidArgument, "bins, length and rate must be positive");
    auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
    double low = mel(number(3)), high = mel(number(4));
    std::vector<int64_t> edges;
    for (int64_t i = 0; i < bins + 2; ++i) {
      double at = low + static_cast<double>(i) * (high - low) / static_cast<double>(bins + 2);
      double hertz = 700 * (std::pow(10.0, at / 2595) - 1);
      edges.push_back(static_cast<int64_t>(std::floor(static_cast<double>(dft + 1) * hertz / rate)));
    }
    int64_t rows = dft / 2 + 1;
    std::vector<double> out(static_cast<size_t>(rows * bins));
    for (int64_t b = 0; b < bins; ++b) {
      const int64_t* edge = edges.data() + b;
      auto set = [&](int64_t row, double value) {
        if (row >= 0 && row < rows) out[static_cast<size_t>(row * bins + b)] = value;
      };
      if (edge[0] == edge[1]) set(edge[1], 1);
      for (int64_t j = edge[0]; edge[0] != edge[1] && j <= edge[1]; ++j)
        set(j, static_cast<double>(j - edge[0]) / static_cast<double>(edge[1] - edge[0]));
      for (int64_t j = edge[1]; edge[1] != edge[2] && j < edge[2]; ++j)
        set(j, static_cast<double>(edge[2] - j) / static_cast<double>(edge[2] - edge[1]));
    }
    fill_as(run, dtype, {rows, bins}, out);
  };
}

}  // namespace

void register_signal(KernelRegistry& registry) {
  registry.add("", "HannWindow", 17, compile_hann);
  registry.add("", "HammingWindow", 17, compile_hamming);
  registry.add("", "BlackmanWindow", 17, compile_blackman);
  registry.add("", "DFT", 17, compile_dft);
  registry.add("", "STFT", 17, compile_stft);
  registry.add("", "MelWeightMatrix", 17, compile_mel_weight_matrix);
}

}  // namespace tessera::exec
