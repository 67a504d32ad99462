// Tables of cosines and sines, and the rotation (arXiv:2104.09864). positions, length int64 [B, S]; D =
// head_dim
//   tessera.RotaryTable         positions, inv_freq [D/2]                   -> cos, sin [B, S, D/2]
//   tessera.DynamicRotaryTable  positions, length                           -> cos, sin
//   tessera.LongRotaryTable     positions, length, short and long inv_freq  -> cos, sin
//   tessera.RotaryEmbedding     x [B, S, H*D], cos, sin                     -> like x
#include "plugins/cpu/kernels/rotary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ops.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

using exec::Context;
using exec::Dims;
using exec::Kernel;
using exec::NodeSpec;
using exec::Tensor;
using graph::DataType;
using Floats = std::shared_ptr<const std::vector<float>>;

constexpr int64_t kAngleCost = 64;  // a cosine and a sine in F64, in floats moved

// Runs fill(row, cos, sin) for each position; cos and sin have `pairs` elements.
template <class Fill>
void fill_tables(Context& run, int64_t pairs, Fill&& fill) {
  const Tensor& positions = run.input(0);
  Dims dims = positions.dims();
  dims.push_back(pairs);
  float* cosine = run.output(0, DataType::kFloat, dims).mutable_data<float>();
  float* sine = run.output(1, DataType::kFloat, dims).mutable_data<float>();
  for_parts(step_of(run), positions.size(), pairs * kAngleCost, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) fill(row, cosine + row * pairs, sine + row * pairs);
  });
}

const int64_t* lengths(Context& run) {
  const Tensor& length = run.input(1);
  if (length.dims() == run.input(0).dims()) return length.data<int64_t>();
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("positions have shape {}, lengths {}, expected equal ones",
                          run.input(0).dims().text(), length.dims().text()));
}

Kernel compile_table(NodeSpec& node) {
  const float scale = node.get_float("scale");
  const Floats inv_freq = widened_constant(node, 1);
  return [scale, inv_freq](Context& run) {
    const int64_t* position = run.input(0).data<int64_t>();
    const auto pairs = static_cast<int64_t>(inv_freq->size());
    fill_tables(run, pairs, [&](int64_t row, float* cosine, float* sine) {
      rotary_row(position[row], inv_freq->data(), pairs, scale, cosine, sine);
    });
  };
}

Kernel compile_long_table(NodeSpec& node) {
  const float scale = node.get_float("scale");
  const int64_t original_length = node.get_int("original_length");
  const Floats short_freq = widened_constant(node, 2), long_freq = widened_constant(node, 3);
  if (short_freq->size() != long_freq->size()) node.fail("short and long frequencies differ in number");
  return [=](Context& run) {
    const int64_t* position = run.input(0).data<int64_t>();
    const int64_t* length = lengths(run);
    const auto pairs = static_cast<int64_t>(short_freq->size());
    fill_tables(run, pairs, [&](int64_t row, float* cosine, float* sine) {
      const Floats& inv_freq = length[row] > original_length ? long_freq : short_freq;
      rotary_row(position[row], inv_freq->data(), pairs, scale, cosine, sine);
    });
  };
}

struct DynamicTable {
  int64_t rotary_dim, original_length;
  float theta, factor;

  void operator()(Context& run) const {
    const int64_t* position = run.input(0).data<int64_t>();
    const int64_t* length = lengths(run);
    const int64_t pairs = rotary_dim / 2;
    fill_tables(run, pairs, [&](int64_t row, float* cosine, float* sine) {
      // The row's place for its cosines holds its frequencies until they are used.
      frequencies(length[row], cosine);
      rotary_row(position[row], cosine, pairs, 1.0f, cosine, sine);
    });
  }

  // In F32 step by step, as Hugging Face computes it and the function's body says.
  void frequencies(int64_t length, float* inv_freq) const {
    const auto dim = static_cast<float>(rotary_dim);
    const auto reached = static_cast<float>(std::max(length, original_length));
    const float growth = reached * factor / static_cast<float>(original_length) - (factor - 1.0f);
    const float base = std::pow(growth, dim / (dim - 2.0f)) * theta;
    for (int64_t i = 0; i < rotary_dim / 2; ++i) {
      inv_freq[i] = 1.0f / std::pow(base, static_cast<float>(2 * i) / dim);
    }
  }
};

Kernel compile_dynamic_table(NodeSpec& node) {
  const DynamicTable table{node.get_int("rotary_dim"), node.get_int("original_length"),
                           node.get_float("theta"), node.get_float("factor")};
  if (table.rotary_dim <= 2 || table.rotary_dim % 2 != 0)
    node.fail("rotary_dim must be even and greater than 2");
  if (table.original_length < 1) node.fail("original_length must be positive");
  return table;
}

Kernel compile_embedding(NodeSpec& node) {
  const int64_t heads = node.get_int("num_heads");
  if (heads < 1) node.fail("num_heads must be positive");
  return [heads](Context& run) {
    Step& step = step_of(run);
    const Tensor &x = run.input(0), &cosine = run.input(1), &sine = run.input(2);
    const int64_t width = x.rank() > 0 ? x.dims().back() : 0;
    const int64_t pairs = cosine.rank() > 0 ? cosine.dims().back() : 0;
    const RotaryShape shape{heads, width / heads, 2 * pairs, RotaryStyle::kHalf};
    if (width < 1 || width % heads != 0 || shape.head_dim != shape.rotary_dim ||
        cosine.dims() != sine.dims() || x.size() / width != cosine.size() / pairs) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("x {} with {} heads does not fit tables {} and {}", x.dims().text(), heads,
                              cosine.dims().text(), sine.dims().text()));
    }
    const float *c = cosine.data<float>(), *s = sine.data<float>();
    Tensor y = run.own_input(0);
    float* rows = y.mutable_data<float>();
    for_parts(step, y.size() / width, width, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        step.kernels.rotary(shape, c + row * pairs, s + row * pairs, rows + row * width);
      }
    });
    run.set_output(0, std::move(y));
  };
}

}  // namespace

void add_rotary(exec::KernelRegistry& registry) {
  registry.add(graph::kTesseraDomain, "RotaryTable", 1, compile_table);
  registry.add(graph::kTesseraDomain, "DynamicRotaryTable", 1, compile_dynamic_table);
  registry.add(graph::kTesseraDomain, "LongRotaryTable", 1, compile_long_table);
  registry.add(graph::kTesseraDomain, "RotaryEmbedding", 1, compile_embedding);
}

}  // namespace tessera::cpu
