// Matrix products: MatMul with NumPy's batch rules, Gemm, and their integer relatives.
#include <fmt/format.h>

#include <cmath>

#include "cast.hpp"
#include "gemm.hpp"
#include "integer_arithmetic.hpp"
#include "matmul.hpp"
#include "standard.hpp"

namespace tessera::exec {

MatMulShape::MatMulShape(const Dims& a_dims, const Dims& b_dims)
    : MatMulShape(a_dims, b_dims, a_dims.size() == 1, b_dims.size() == 1) {}

MatMulShape::MatMulShape(Dims a, Dims b, bool a_vector, bool b_vector) {
  if (a_vector) a.insert(0, 1);
  if (b_vector) b.push_back(1);
  if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2])
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{} and {} do not multiply", a.text(), b.text()));
  m = a[a.size() - 2];
  k = a.back();
  n = b.back();
  Dims a_batch = a.slice(0, a.size() - 2);
  Dims b_batch = b.slice(0, b.size() - 2);
  Dims batch = broadcast_dims(a_batch, b_batch);
  dims = batch;
  if (!a_vector) dims.push_back(m);
  if (!b_vector) dims.push_back(n);
  Dims a_strides = broadcast_strides(a_batch, batch);
  Dims b_strides = broadcast_strides(b_batch, batch);
  // A matrix b shared by all of a's batch is one larger product.
  if (b_batch.product() == 1 && a_batch.product() == batch.product()) {
    m *= batch.product();
    offsets.emplace_back(0, 0);
    return;
  }
  StridedWalk<2> walk(batch, {a_strides, b_strides});
  walk.for_each([&](const auto& offset) { offsets.emplace_back(offset[0] * m * k, offset[1] * k * n); });
}

namespace {

template <class T>
void multiply(const T* a, const T* b, T* c, int64_t m, int64_t n, int64_t k) {
  if constexpr (std::is_same_v<T, float>) {
    gemm(a, b, c, m, n, k);
  } else if constexpr (std::is_integral_v<T>) {
    // Sums wrap; unsigned arithmetic makes that defined.
    using U = std::make_unsigned_t<T>;
    gemm_plain(reinterpret_cast<const U*>(a), reinterpret_cast<const U*>(b), reinterpret_cast<U*>(c), m, n,
               k);
  } else {
    gemm_plain(a, b, c, m, n, k);
  }
}

Kernel compile_matmul(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return widen_half([](Context& run) {
    const Tensor& a = run.input(0);
    const Tensor& b = run.input(1);
    MatMulShape shape(a.dims(), b.dims());
    Tensor& out = run.output(0, a.dtype(), shape.dims);
    if (out.size() == 0) return;
    dispatch<float, double, int32_t, int64_t, uint32_t, uint64_t>(a.dtype(), [&](auto type) {
      using T = decltype(type);
      T* c = out.mutable_data<T>();
      for (const auto& [a_offset, b_offset] : shape.offsets) {
        multiply(a.data<T>() + a_offset, b.data<T>() + b_offset, c, shape.m, shape.n, shape.k);
        c += shape.m * shape.n;
        run.check_cancelled();
      }
    });
  });
}

template <class T>
Tensor transposed(const Tensor& x, BufferPool* pool) {
  Tensor y = Tensor::allocate(x.dtype(), {x.dim(1), x.dim(0)}, pool);
  T* out = y.mutable_data<T>();
  for (int64_t r = 0; r < x.dim(0); ++r)
    for (int64_t c = 0; c < x.dim(1); ++c) out[c * x.dim(0) + r] = x.data<T>()[r * x.dim(1) + c];
  return y;
}

struct GemmAttributes {
  float alpha, beta;
  bool transpose_a, transpose_b;
};

// y = alpha * a * b + beta * c, c broadcast.
template <class T>
void run_gemm(Context& run, const GemmAttributes& how) {
  for (size_t i = 0; i < 2; ++i)
    if (run.input(i).rank() != 2)
      throw Error(ErrorCode::kInvalidArgument, fmt::format("{} is no matrix", run.input(i).dims().text()));
  Tensor a = how.transpose_a ? transposed<T>(run.input(0), &run.pool()) : run.input(0);
  Tensor b = how.transpose_b ? transposed<T>(run.input(1), &run.pool()) : run.input(1);
  MatMulShape shape(a.dims(), b.dims());
  Tensor& out = run.output(0, a.dtype(), shape.dims);
  T* y = out.mutable_data<T>();
  if (out.size() > 0) multiply(a.data<T>(), b.data<T>(), y, shape.m, shape.n, shape.k);
  T alpha = static_cast<T>(how.alpha);
  T beta = static_cast<T>(how.beta);
  if (alpha != T(1))
    for (int64_t i = 0; i < out.size(); ++i) y[i] = static_cast<T>(y[i] * alpha);
  if (!run.has_input(2) || beta == T(0)) return;
  const T* c = run.input(2).data<T>();
  StridedWalk<2> walk(shape.dims,
                      {broadcast_strides(run.input(2).dims(), shape.dims), row_major_strides(shape.dims)});
  walk.for_each(
      [&](const auto& offset) { y[offset[1]] = static_cast<T>(y[offset[1]] + beta * c[offset[0]]); });
}

Kernel compile_gemm(NodeSpec& node) {
  node.expect_inputs(2, 3);
  GemmAttributes how{node.get_float("alpha", 1), node.get_float("beta", 1), node.get_int("transA", 0) != 0,
                     node.get_int("transB", 0) != 0};
  return widen_half([how](Context& run) {
    dispatch<float, double, uint32_t, uint64_t, int32_t, int64_t>(
        run.input(0).dtype(), [&](auto type) { run_gemm<decltype(type)>(run, how); });
  });
}

// By elimination with the largest pivot.
double determinant(std::vector<double> a, size_t n) {
  double result = 1;
  for (size_t column = 0; column < n; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < n; ++row)
      if (std::fabs(a[row * n + column]) > std::fabs(a[pivot * n + column])) pivot = row;
    double divisor = a[pivot * n + column];
    if (divisor == 0) return 0;
    if (pivot != column) {
      std::swap_ranges(a.begin() + pivot * n, a.begin() + (pivot + 1) * n, a.begin() + column * n);
      result = -result;
    }
    result *= divisor;
    for (size_t row = column + 1; row < n; ++row) {
      double factor = a[row * n + column] / divisor;
      for (size_t i = column; i < n; ++i) a[row * n + i] -= factor * a[column * n + i];
    }
  }
  return result;
}

Kernel compile_det(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return [](Context& run) {
    Tensor x = cast(run.input(0), DataType::kDouble, &run.pool());
    if (x.rank() < 2 || x.dims().back() != x.dim(static_cast<size_t>(x.rank()) - 2))
      throw Error(ErrorCode::kInvalidArgument, fmt::format("{} is no square matrix", x.dims().text()));
    size_t n = static_cast<size_t>(x.dims().back());
    Tensor out = run.scratch(DataType::kDouble, x.dims().slice(0, x.dims().size() - 2));
    for (int64_t i = 0; i < out.size(); ++i) {
      const double* first = x.data<double>() + i * static_cast<int64_t>(n * n);
      out.mutable_data<double>()[i] = determinant(std::vector<double>(first, first + n * n), n);
    }
    run.set_output(0, cast(out, run.input(0).dtype(), &run.pool()));
  };
}

}  // namespace

void register_matmul(KernelRegistry& registry) {
  registry.add("", "MatMul", 1, compile_matmul);
  registry.add("", "Gemm", 1,
               compile_gemm);  // before 7 `broadcast` had to allow what today is always allowed
  registry.add("", "Det", 11, compile_det);
}

}  // namespace tessera::exec
