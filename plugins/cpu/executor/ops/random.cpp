// Random numbers: RandomUniform, RandomNormal (and their -Like forms), Bernoulli, Multinomial.
//
// ONNX names no generator, so no two runtimes agree. Ours is a counter-based one (SplitMix64): with a `seed`
// the same run of the same node gives the same numbers in every run of the plan; without one, numbers differ
// from node to node but are the same in every run, too, so that a plan stays a function of its inputs.
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Box and Muller's transform.
  double normal() {
    double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  uint64_t state_;
};

uint64_t seed_of(const NodeSpec& node) {
  if (!node.has_attribute("seed")) return std::hash<std::string>()(node.node().outputs.at(0));
  float seed = node.get_float("seed");
  uint32_t bits;
  std::memcpy(&bits, &seed, sizeof(bits));
  return bits;
}

enum class Distribution { kUniform, kNormal };

// a, b: low and high, or mean and scale.
struct Random {
  Distribution distribution;
  double a, b;
  uint64_t seed;
  DataType dtype;

  Random(const NodeSpec& node, Distribution which)
      : distribution(which),
        a(which == Distribution::kUniform ? node.get_float("low", 0) : node.get_float("mean", 0)),
        b(which == Distribution::kUniform ? node.get_float("high", 1) : node.get_float("scale", 1)),
        seed(seed_of(node)),
        dtype(static_cast<DataType>(node.get_int("dtype", 0))) {}

  void operator()(Context& run, DataType type, const Dims& dims) const {
    Tensor values = run.scratch(DataType::kDouble, dims);
    Generator generator(seed);
    for (int64_t i = 0; i < values.size(); ++i)
      values.mutable_data<double>()[i] = distribution == Distribution::kUniform
                                             ? a + (b - a) * generator.uniform()
                                             : a + b * generator.normal();
    run.set_output(0, cast(values, type, &run.pool()));
  }
};

template <Distribution distribution>
Kernel compile_random(NodeSpec& node) {
  node.expect_inputs(0, 0);
  Random random(node, distribution);
  Dims dims = node.get_ints("shape");
  return [=](Context& run) {
    random(run, random.dtype == DataType::kUndefined ? DataType::kFloat : random.dtype, dims);
  };
}

template <Distribution distribution>
Kernel compile_random_like(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  Random random(node, distribution);
  return [random](Context& run) {
    const Tensor& like = run.input(0);
    random(run, random.dtype == DataType::kUndefined ? like.dtype() : random.dtype, like.dims());
  };
}

// 1 with the probability that the input gives.
Kernel compile_bernoulli(NodeSpec& node) {
  node.expect_inputs(1, 1);
  uint64_t seed = seed_of(node);
  DataType dtype = static_cast<DataType>(node.get_int("dtype", 0));
  return [=](Context& run) {
    const Tensor& x = run.input(0);
    Tensor probabilities = cast(x, DataType::kDouble, &run.pool());
    Tensor drawn = run.scratch(DataType::kDouble, x.dims());
    Generator generator(seed);
    for (int64_t i = 0; i < x.size(); ++i)
      drawn.mutable_data<double>()[i] = generator.uniform() < probabilities.data<double>()[i] ? 1 : 0;
    run.set_output(0, cast(drawn, dtype == DataType::kUndefined ? x.dtype() : dtype, &run.pool()));
  };
}

// log probabilities [batch, classes], not normalised -> [batch, sample_size] classes
Kernel compile_multinomial(NodeSpec& node) {
  node.expect_inputs(1, 1);
  uint64_t seed = seed_of(node);
  int64_t samples = node.get_int("sample_size", 1);
  DataType dtype = static_cast<DataType>(node.get_int("dtype", static_cast<int64_t>(DataType::kInt32)));
  return [=](Context& run) {
    Tensor x = cast(run.input(0), DataType::kDouble, &run.pool());
    if (x.rank() != 2 || x.dim(1) == 0)
      throw Error(ErrorCode::kInvalidArgument, "[batch, classes] is expected");
    Tensor drawn = run.scratch(DataType::kInt64, {x.dim(0), samples});
    Generator generator(seed);
    for (int64_t b = 0; b < x.dim(0); ++b) {
      const double* row = x.data<double>() + b * x.dim(1);
      double maximum = *std::max_element(row, row + x.dim(1)), sum = 0;
      for (int64_t c = 0; c < x.dim(1); ++c) sum += std::exp(row[c] - maximum);
      for (int64_t s = 0; s < samples; ++s) {
        double rest = generator.uniform() * sum;
        int64_t c = 0;
        for (; c + 1 < x.dim(1) && (rest -= std::exp(row[c] - maximum)) >= 0; ++c) {
        }
        drawn.mutable_data<int64_t>()[b * samples + s] = c;
      }
    }
    run.set_output(0, cast(drawn, dtype, &run.pool()));
  };
}

}  // namespace

void register_random(KernelRegistry& registry) {
  registry.add("", "RandomUniform", 1, compile_random<Distribution::kUniform>);
  registry.add("", "RandomNormal", 1, compile_random<Distribution::kNormal>);
  registry.add("", "RandomUniformLike", 1, compile_random_like<Distribution::kUniform>);
  registry.add("", "RandomNormalLike", 1, compile_random_like<Distribution::kNormal>);
  registry.add("", "Bernoulli", 15, compile_bernoulli);
  registry.add("", "Multinomial", 7, compile_multinomial);
}

}  // namespace tessera::exec
