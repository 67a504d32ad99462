// RNN, GRU and LSTM. Computed in double for both floating types: sequences are long and errors add up.
#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

using Activation = std::function<double(double)>;

double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

// `alpha` and `beta` lists hold an entry for those functions only that take one, in order; `next_*` walk
// them.
Activation activation_of(const NodeSpec& node, const std::string& name, const std::vector<float>& alphas,
                         const std::vector<float>& betas, size_t& next_alpha, size_t& next_beta) {
  auto alpha = [&](float fallback) { return next_alpha < alphas.size() ? alphas[next_alpha++] : fallback; };
  auto beta = [&](float fallback) { return next_beta < betas.size() ? betas[next_beta++] : fallback; };
  if (name == "Sigmoid") return sigmoid;
  if (name == "Tanh") return [](double x) { return std::tanh(x); };
  if (name == "Relu") return [](double x) { return x > 0 ? x : 0; };
  if (name == "Softsign") return [](double x) { return x / (1 + std::fabs(x)); };
  if (name == "Softplus")
    return [](double x) { return std::log1p(std::exp(-std::fabs(x))) + std::max(x, 0.0); };
  if (name == "LeakyRelu") return [a = alpha(0.01f)](double x) { return x < 0 ? a * x : x; };
  if (name == "ThresholdedRelu") return [a = alpha(1)](double x) { return x > a ? x : 0; };
  if (name == "Elu") return [a = alpha(1)](double x) { return x < 0 ? a * std::expm1(x) : x; };
  if (name == "Affine") return [a = alpha(1), b = beta(0)](double x) { return a * x + b; };
  if (name == "ScaledTanh") return [a = alpha(1), b = beta(1)](double x) { return a * std::tanh(b * x); };
  if (name == "HardSigmoid")
    return [a = alpha(0.2f), b = beta(0.5f)](double x) { return std::clamp(a * x + b, 0.0, 1.0); };
  node.fail(fmt::format("activation '{}' is unknown", name));
}

enum class Cell { kRnn, kGru, kLstm };

struct Recurrent {
  Cell cell;
  int64_t gates, functions;  // weight blocks; activation functions a direction
  int64_t hidden, directions;
  bool reverse, batch_first, linear_before_reset, input_forget;
  double clip;  // 0: none
  std::vector<Activation> activations;

  double clipped(double x) const { return clip > 0 ? std::clamp(x, -clip, clip) : x; }
};

// The inputs as double, [seq, batch, ...] whatever the layout, and what one direction needs of them.
struct Step {
  const double* w;   // [gates * hidden, input]
  const double* r;   // [gates * hidden, hidden]
  const double* wb;  // [gates * hidden]
  const double* rb;  // [gates * hidden]
  const double* p;   // peepholes [3 * hidden], or null
};

double dot(const double* a, const double* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

void rnn_step(const Recurrent& rnn, const Step& s, const Activation* f, const double* x, int64_t inputs,
              double* h) {
  std::vector<double> next(static_cast<size_t>(rnn.hidden));
  for (int64_t j = 0; j < rnn.hidden; ++j)
    next[static_cast<size_t>(j)] = f[0](rnn.clipped(dot(s.w + j * inputs, x, inputs) + s.wb[j] +
                                                    dot(s.r + j * rnn.hidden, h, rnn.hidden) + s.rb[j]));
  std::copy(next.begin(), next.end(), h);
}

// Gates z (update), r (reset), h (candidate).
void gru_step(const Recurrent& gru, const Step& s, const Activation* f, const double* x, int64_t inputs,
              double* h) {
  int64_t n = gru.hidden;
  auto from_x = [&](int64_t row) { return dot(s.w + row * inputs, x, inputs) + s.wb[row]; };
  auto from_h = [&](int64_t row, const double* state) { return dot(s.r + row * n, state, n) + s.rb[row]; };
  std::vector<double> z(static_cast<size_t>(n)), reset(z), gated(z), next(z);
  for (int64_t j = 0; j < n; ++j) {
    z[static_cast<size_t>(j)] = f[0](gru.clipped(from_x(j) + from_h(j, h)));
    reset[static_cast<size_t>(j)] = f[0](gru.clipped(from_x(n + j) + from_h(n + j, h)));
    gated[static_cast<size_t>(j)] = reset[static_cast<size_t>(j)] * h[j];
  }
  for (int64_t j = 0; j < n; ++j) {
    int64_t row = 2 * n + j;
    size_t at = static_cast<size_t>(j);
    double hidden = gru.linear_before_reset ? reset[at] * from_h(row, h) : from_h(row, gated.data());
    next[at] = (1 - z[at]) * f[1](gru.clipped(from_x(row) + hidden)) + z[at] * h[j];
  }
  std::copy(next.begin(), next.end(), h);
}

// Gates i (input), o (output), f (forget), c (cell).
void lstm_step(const Recurrent& lstm, const Step& s, const Activation* f, const double* x, int64_t inputs,
               double* h, double* c) {
  int64_t n = lstm.hidden;
  std::vector<double> sums(static_cast<size_t>(4 * n));
  for (int64_t row = 0; row < 4 * n; ++row)
    sums[static_cast<size_t>(row)] =
        dot(s.w + row * inputs, x, inputs) + s.wb[row] + dot(s.r + row * n, h, n) + s.rb[row];
  for (int64_t j = 0; j < n; ++j) {
    double peep_i = s.p ? s.p[j] * c[j] : 0, peep_f = s.p ? s.p[2 * n + j] * c[j] : 0;
    double input = f[0](lstm.clipped(sums[static_cast<size_t>(j)] + peep_i));
    double forget =
        lstm.input_forget ? 1 - input : f[0](lstm.clipped(sums[static_cast<size_t>(2 * n + j)] + peep_f));
    double candidate = f[1](lstm.clipped(sums[static_cast<size_t>(3 * n + j)]));
    c[j] = forget * c[j] + input * candidate;
    double peep_o = s.p ? s.p[n + j] * c[j] : 0;
    h[j] = f[0](lstm.clipped(sums[static_cast<size_t>(n + j)] + peep_o)) * f[2](c[j]);
  }
}

class Run {
 public:
  Run(const Recurrent& how, Context& run) : how_(how), run_(run) {
    const Dims& x = run.input(0).dims();
    if (x.size() != 3)
      throw Error(ErrorCode::kInvalidArgument, "the input must be [sequence, batch, features]");
    seq_ = x[how.batch_first ? 1 : 0];
    batch_ = x[how.batch_first ? 0 : 1];
    inputs_ = x[2];
    int64_t rows = how.gates * how.hidden;
    x_ = given(0, {});
    w_ = given(1, {how.directions, rows, inputs_});
    r_ = given(2, {how.directions, rows, how.hidden});
    b_ = optional(3, {how.directions, 2 * rows});
    h_ = state(5);
    c_ = how.cell == Cell::kLstm ? state(6) : state(SIZE_MAX);
    p_ = how.cell == Cell::kLstm && run.has_input(7) ? given(7, {how.directions, 3 * how.hidden}) : Tensor();
  }

  void operator()() {
    Dims y_dims = how_.batch_first ? Dims{batch_, seq_, how_.directions, how_.hidden}
                                   : Dims{seq_, how_.directions, batch_, how_.hidden};
    Tensor y = run_.scratch(DataType::kDouble, y_dims);
    std::fill_n(y.mutable_data<double>(), y.size(), 0.0);
    std::vector<int64_t> lengths(static_cast<size_t>(batch_), seq_);
    if (run_.has_input(4)) {
      if (run_.input(4).size() != batch_)
        throw Error(ErrorCode::kInvalidArgument, "one length a row is expected");
      for (int64_t b = 0; b < batch_; ++b)
        lengths[static_cast<size_t>(b)] = std::clamp<int64_t>(run_.input(4).data<int32_t>()[b], 0, seq_);
    }
    for (int64_t d = 0; d < how_.directions; ++d)
      for (int64_t b = 0; b < batch_; ++b)
        row(d, b, lengths[static_cast<size_t>(b)], y.mutable_data<double>());
    DataType dtype = run_.input(0).dtype();
    run_.set_output(0, cast(y, dtype, &run_.pool()));
    run_.set_output(1, cast(last(h_), dtype, &run_.pool()));
    if (how_.cell == Cell::kLstm) run_.set_output(2, cast(last(c_), dtype, &run_.pool()));
  }

 private:
  Tensor given(size_t i, const Dims& dims) {
    const Tensor& x = run_.input(i);
    if (!dims.empty() && x.dims() != dims)
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("input {} is {}, expected {}", i, x.dims().text(), dims.text()));
    return cast(x, DataType::kDouble, &run_.pool());
  }
  Tensor optional(size_t i, const Dims& dims) {
    if (run_.has_input(i)) return given(i, dims);
    Tensor zeros = run_.scratch(DataType::kDouble, dims);
    std::fill_n(zeros.mutable_data<double>(), zeros.size(), 0.0);
    return zeros;
  }
  // [directions, batch, hidden] in memory of its own.
  Tensor state(size_t i) {
    Dims dims = how_.batch_first ? Dims{batch_, how_.directions, how_.hidden}
                                 : Dims{how_.directions, batch_, how_.hidden};
    Tensor given_state = optional(i, dims);
    return how_.batch_first ? swapped(given_state) : given_state.copy(&run_.pool());
  }
  // Swaps the first two dimensions of three.
  Tensor swapped(const Tensor& x) {
    Tensor y = run_.scratch(DataType::kDouble, {x.dim(1), x.dim(0), x.dim(2)});
    for (int64_t i = 0; i < x.dim(0); ++i)
      for (int64_t j = 0; j < x.dim(1); ++j)
        std::copy_n(x.data<double>() + (i * x.dim(1) + j) * x.dim(2), x.dim(2),
                    y.mutable_data<double>() + (j * x.dim(0) + i) * x.dim(2));
    return y;
  }
  Tensor last(const Tensor& state) { return how_.batch_first ? swapped(state) : state; }

  void row(int64_t d, int64_t b, int64_t length, double* y) {
    int64_t rows = how_.gates * how_.hidden, n = how_.hidden;
    const double* bias = b_.data<double>() + d * 2 * rows;
    Step step{w_.data<double>() + d * rows * inputs_, r_.data<double>() + d * rows * n, bias, bias + rows,
              p_.has_value() ? p_.data<double>() + d * 3 * n : nullptr};
    double* h = h_.mutable_data<double>() + (d * batch_ + b) * n;
    double* c = c_.mutable_data<double>() + (d * batch_ + b) * n;
    const Activation* f = how_.activations.data() + d * how_.functions;
    bool backwards = how_.reverse || d == 1;
    for (int64_t i = 0; i < length; ++i) {
      int64_t t = backwards ? length - 1 - i : i;
      const double* x = x_.data<double>() + (how_.batch_first ? b * seq_ + t : t * batch_ + b) * inputs_;
      if (how_.cell == Cell::kRnn)
        rnn_step(how_, step, f, x, inputs_, h);
      else if (how_.cell == Cell::kGru)
        gru_step(how_, step, f, x, inputs_, h);
      else
        lstm_step(how_, step, f, x, inputs_, h, c);
      int64_t at =
          how_.batch_first ? (b * seq_ + t) * how_.directions + d : (t * how_.directions + d) * batch_ + b;
      std::copy_n(h, n, y + at * n);
    }
  }

  const Recurrent& how_;
  Context& run_;
  int64_t seq_, batch_, inputs_;
  Tensor x_, w_, r_, b_, h_, c_, p_;
};

template <Cell cell>
Kernel compile_recurrent(NodeSpec& node) {
  node.expect_inputs(3, 8);
  Recurrent how{};
  how.cell = cell;
  how.gates = cell == Cell::kRnn ? 1 : cell == Cell::kGru ? 3 : 4;
  how.functions = cell == Cell::kRnn ? 1 : cell == Cell::kGru ? 2 : 3;
  how.hidden = node.get_int("hidden_size");
  if (how.hidden < 1) node.fail("'hidden_size' must be positive");
  std::string direction = node.get_string("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    node.fail(fmt::format("'direction' is '{}'", direction));
  how.directions = direction == "bidirectional" ? 2 : 1;
  how.reverse = direction == "reverse";
  how.batch_first = node.get_int("layout", 0);
  how.linear_before_reset = node.get_int("linear_before_reset", 0);
  how.input_forget = node.get_int("input_forget", 0);
  how.clip = node.get_float("clip", 0);
  std::vector<std::string> names = node.get_strings("activations");
  const char* defaults[] = {cell == Cell::kRnn ? "Tanh" : "Sigmoid", "Tanh", "Tanh"};
  for (int64_t i = 0; names.size() < static_cast<size_t>(how.functions * how.directions); ++i)
    names.push_back(defaults[i % how.functions]);
  size_t next_alpha = 0, next_beta = 0;
  std::vector<float> alphas = node.get_floats("activation_alpha"), betas = node.get_floats("activation_beta");
  for (const std::string& name : names)
    how.activations.push_back(activation_of(node, name, alphas, betas, next_alpha, next_beta));
  return widen_half([how](Context& run) { Run(how, run)(); });
}

}  // namespace

void register_recurrent(KernelRegistry& registry) {
  registry.add("", "RNN", 7, compile_recurrent<Cell::kRnn>);
  registry.add("", "GRU", 7, compile_recurrent<Cell::kGru>);
  registry.add("", "LSTM", 7, compile_recurrent<Cell::kLstm>);
}

}  // namespace tessera::exec
