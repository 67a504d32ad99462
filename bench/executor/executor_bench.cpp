/// The plain executor's operators against the loops that one would write in C, on one thread.
///
///   usage: executor-bench          prints a row an operator: milliseconds of both, and their quotient
///
/// A quotient of 1 is a loop without any cleverness at -O2; below 1 the executor is faster. Best of five.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "plan.hpp"

namespace {

using namespace tessera::exec;  // NOLINT(google-build-using-namespace): a program, not a header
namespace graph = tessera::graph;

Tensor random_tensor(const Dims& dims) {
  Tensor tensor = Tensor::allocate(DataType::kFloat, dims);
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.mutable_data<float>()[i] = uniform(generator);
  return tensor;
}

double best_ms(const std::function<void()>& run) {
  double best = 1e30;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const auto end = std::chrono::steady_clock::now();
    best = std::min(best, std::chrono::duration<double, std::milli>(end - start).count());
  }
  return best;
}

graph::Attribute ints(const char* name, std::vector<int64_t> values) {
  graph::Attribute attribute;
  attribute.name = name;
  attribute.type = graph::AttributeType::kInts;
  attribute.ints = std::move(values);
  return attribute;
}

/// One operator with its inputs, and the loop that it is measured against.
struct Case {
  std::string name, op_type;
  std::vector<Tensor> inputs;
  std::vector<graph::Attribute> attributes;
  Dims out;
  std::function<void(const std::vector<const float*>& in, float* out)> loop;
};

graph::Model model_of(const Case& c) {
  graph::Model model;
  model.opset_imports = {{"", 17}};
  graph::Node node;
  node.op_type = c.op_type;
  node.name = "node";
  node.attributes = c.attributes;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    node.inputs.push_back(fmt::format("x{}", i));
    graph::ValueInfo info;
    info.name = node.inputs.back();
    info.dtype = DataType::kFloat;
    model.graph.inputs.push_back(info);
  }
  node.outputs = {"y"};
  model.graph.nodes = {node};
  graph::ValueInfo output;
  output.name = "y";
  model.graph.outputs = {output};
  return model;
}

void measure(const Case& c) {
  const Plan plan = Plan::compile(model_of(c));
  Workspace workspace(plan);
  std::vector<Value> values(c.inputs.begin(), c.inputs.end());
  std::vector<const float*> pointers;
  for (const Tensor& tensor : c.inputs) pointers.push_back(tensor.data<float>());
  std::vector<float> expected(static_cast<size_t>(c.out.product()));
  const double loop = best_ms([&] { c.loop(pointers, expected.data()); });
  double difference = 0;
  const double executor = best_ms([&] { plan.run(workspace, values); });
  const std::vector<Value> result = plan.run(workspace, values);
  for (size_t i = 0; i < expected.size(); ++i) {
    difference = std::max<double>(difference, std::fabs(result[0].tensor().data<float>()[i] - expected[i]));
  }
  fmt::print("{:<34} {:>9.3f} {:>9.3f} {:>7.2f}   {:.1e}\n", c.name, executor, loop, executor / loop,
             difference);
}

void matmul(const float* a, const float* b, float* y, int64_t m, int64_t k, int64_t n) {
  std::fill(y, y + m * n, 0.0F);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t p = 0; p < k; ++p)
      for (int64_t j = 0; j < n; ++j) y[i * n + j] += a[i * k + p] * b[p * n + j];
}

Case conv_case(std::string name, int64_t channels, int64_t size, int64_t kernels, int64_t kernel,
               int64_t groups) {
  const int64_t pad = kernel / 2, per_group = channels / groups, made = kernels / groups;
  Case c{std::move(name), "Conv", {}, {}, {1, kernels, size, size}, {}};
  c.inputs = {random_tensor({1, channels, size, size}), random_tensor({kernels, per_group, kernel, kernel})};
  graph::Attribute group;
  group.name = "group";
  group.type = graph::AttributeType::kInt;
  group.i = groups;
  c.attributes = {ints("pads", {pad, pad, pad, pad}), group};
  c.loop = [=](const std::vector<const float*>& in, float* y) {
    for (int64_t o = 0; o < kernels; ++o)
      for (int64_t r = 0; r < size; ++r)
        for (int64_t s = 0; s < size; ++s) {
          float sum = 0;
          for (int64_t i = 0; i < per_group; ++i)
            for (int64_t a = 0; a < kernel; ++a)
              for (int64_t b = 0; b < kernel; ++b) {
                const int64_t row = r + a - pad, column = s + b - pad;
                if (row < 0 || row >= size || column < 0 || column >= size) continue;
                sum += in[0][((o / made * per_group + i) * size + row) * size + column] *
                       in[1][((o * per_group + i) * kernel + a) * kernel + b];
              }
          y[(o * size + r) * size + s] = sum;
        }
  };
  return c;
}

void measure_products() {
  static constexpr int64_t kSize = 384;
  const auto square = [&](const char* op) {
    Case c{fmt::format("{} 384x384x384", op), op, {}, {}, {kSize, kSize}, {}};
    c.inputs = {random_tensor({kSize, kSize}), random_tensor({kSize, kSize})};
    c.loop = [](const std::vector<const float*>& in, float* y) {
      matmul(in[0], in[1], y, kSize, kSize, kSize);
    };
    return c;
  };
  measure(square("MatMul"));
  measure(square("Gemm"));
  Case row{"MatMul 1x1024x1024", "MatMul", {}, {}, {1, 1024}, {}};
  row.inputs = {random_tensor({1, 1024}), random_tensor({1024, 1024})};
  row.loop = [](const std::vector<const float*>& in, float* y) { matmul(in[0], in[1], y, 1, 1024, 1024); };
  measure(row);
  Case batched{"MatMul 12x[128x64x128]", "MatMul", {}, {}, {12, 128, 128}, {}};
  batched.inputs = {random_tensor({12, 128, 64}), random_tensor({12, 64, 128})};
  batched.loop = [](const std::vector<const float*>& in, float* y) {
    for (int64_t b = 0; b < 12; ++b)
      matmul(in[0] + b * 128 * 64, in[1] + b * 64 * 128, y + b * 128 * 128, 128, 64, 128);
  };
  measure(batched);
  measure(conv_case("Conv 32 to 32, 3x3, 56x56", 32, 56, 32, 3, 1));
  measure(conv_case("Conv 64 to 64, 1x1, 56x56", 64, 56, 64, 1, 1));
  measure(conv_case("Conv depthwise 64, 3x3, 56x56", 64, 56, 64, 3, 64));
}

/// x [64, 128, 128] in three ways.
void measure_walks() {
  const Dims dims = {64, 128, 128};
  const int64_t count = dims.product();
  Case softmax{"Softmax last axis, 64x128x128", "Softmax", {random_tensor(dims)}, {}, dims, {}};
  softmax.loop = [](const std::vector<const float*>& in, float* y) {
    for (int64_t row = 0; row < 64 * 128; ++row) {
      const float* x = in[0] + row * 128;
      const float most = *std::max_element(x, x + 128);
      float sum = 0;
      for (int64_t i = 0; i < 128; ++i) sum += y[row * 128 + i] = std::exp(x[i] - most);
      for (int64_t i = 0; i < 128; ++i) y[row * 128 + i] /= sum;
    }
  };
  measure(softmax);
  const auto transpose = [&](const char* name, std::vector<int64_t> order, const Dims& out, auto loop) {
    measure(Case{name, "Transpose", {random_tensor(dims)}, {ints("perm", std::move(order))}, out, loop});
  };
  transpose("Transpose 0,2,1", {0, 2, 1}, dims, [](const std::vector<const float*>& in, float* y) {
    for (int64_t a = 0; a < 64; ++a)
      for (int64_t b = 0; b < 128; ++b)
        for (int64_t c = 0; c < 128; ++c) y[(a * 128 + b) * 128 + c] = in[0][(a * 128 + c) * 128 + b];
  });
  transpose("Transpose 1,0,2", {1, 0, 2}, {128, 64, 128}, [](const std::vector<const float*>& in, float* y) {
    for (int64_t a = 0; a < 128; ++a)
      for (int64_t b = 0; b < 64; ++b)
        for (int64_t c = 0; c < 128; ++c) y[(a * 64 + b) * 128 + c] = in[0][(b * 128 + a) * 128 + c];
  });
  const auto reduce = [&](const char* name, const char* op, int64_t axis, const Dims& out, auto loop) {
    measure(Case{name, op, {random_tensor(dims)}, {ints("axes", {axis})}, out, loop});
  };
  reduce("ReduceMean last axis", "ReduceMean", 2, {64, 128, 1},
         [](const std::vector<const float*>& in, float* y) {
           for (int64_t row = 0; row < 64 * 128; ++row) {
             float sum = 0;
             for (int64_t i = 0; i < 128; ++i) sum += in[0][row * 128 + i];
             y[row] = sum / 128;
           }
         });
  reduce("ReduceMax first axis", "ReduceMax", 0, {1, 128, 128},
         [](const std::vector<const float*>& in, float* y) {
           std::copy_n(in[0], 128 * 128, y);
           for (int64_t a = 1; a < 64; ++a)
             for (int64_t i = 0; i < 128 * 128; ++i) y[i] = std::max(y[i], in[0][a * 128 * 128 + i]);
         });
  const auto binary = [&](const char* name, const char* op, const Dims& other, auto loop) {
    measure(Case{name, op, {random_tensor(dims), random_tensor(other)}, {}, dims, loop});
  };
  binary("Add, equal shapes", "Add", dims, [=](const std::vector<const float*>& in, float* y) {
    for (int64_t i = 0; i < count; ++i) y[i] = in[0][i] + in[1][i];
  });
  binary("Mul by [128]", "Mul", {128}, [=](const std::vector<const float*>& in, float* y) {
    for (int64_t i = 0; i < count; ++i) y[i] = in[0][i] * in[1][i % 128];
  });
  binary("Add [64, 128, 1]", "Add", {64, 128, 1}, [](const std::vector<const float*>& in, float* y) {
    for (int64_t row = 0; row < 64 * 128; ++row)
      for (int64_t i = 0; i < 128; ++i) y[row * 128 + i] = in[0][row * 128 + i] + in[1][row];
  });
  binary("Sub [1, 128, 128]", "Sub", {1, 128, 128}, [](const std::vector<const float*>& in, float* y) {
    for (int64_t a = 0; a < 64; ++a)
      for (int64_t i = 0; i < 128 * 128; ++i) y[a * 128 * 128 + i] = in[0][a * 128 * 128 + i] - in[1][i];
  });
  const auto unary = [&](const char* op, auto loop) {
    measure(Case{fmt::format("{}, 64x128x128", op), op, {random_tensor(dims)}, {}, dims, loop});
  };
  unary("Tanh", [=](const std::vector<const float*>& in, float* y) {
    for (int64_t i = 0; i < count; ++i) y[i] = std::tanh(in[0][i]);
  });
  unary("Relu", [=](const std::vector<const float*>& in, float* y) {
    for (int64_t i = 0; i < count; ++i) y[i] = std::max(in[0][i], 0.0F);
  });
  unary("Erf", [=](const std::vector<const float*>& in, float* y) {
    for (int64_t i = 0; i < count; ++i) y[i] = std::erf(in[0][i]);
  });
}

void measure_pools() {
  Case pool{"MaxPool 3x3 of 64x56x56",      "MaxPool",       {random_tensor({1, 64, 56, 56})},
            {ints("kernel_shape", {3, 3})}, {1, 64, 54, 54}, {}};
  pool.loop = [](const std::vector<const float*>& in, float* y) {
    for (int64_t c = 0; c < 64; ++c)
      for (int64_t r = 0; r < 54; ++r)
        for (int64_t s = 0; s < 54; ++s) {
          float best = -INFINITY;
          for (int64_t a = 0; a < 3; ++a)
            for (int64_t b = 0; b < 3; ++b) best = std::max(best, in[0][(c * 56 + r + a) * 56 + s + b]);
          y[(c * 54 + r) * 54 + s] = best;
        }
  };
  measure(pool);
}

}  // namespace

int main() {
  fmt::print("{:<34} {:>9} {:>9} {:>7}   {}\n", "operator", "executor", "loop", "ratio", "difference");
  measure_products();
  measure_walks();
  measure_pools();
  return 0;
}
