// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss: inference needs them to score, too.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>

#include "axis_view.hpp"
#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

enum class Reduction { kNone, kMean, kSum };

struct Loss {
  Reduction reduction = Reduction::kMean;
  std::optional<int64_t> ignore_index;

  explicit Loss(const NodeSpec& node) {
    std::string name = node.get_string("reduction", "mean");
    if (name == "none")
      reduction = Reduction::kNone;
    else if (name == "sum")
      reduction = Reduction::kSum;
    else if (name != "mean")
      node.fail(fmt::format("'reduction' is '{}', expected none, mean or sum", name));
    if (node.has_attribute("ignore_index")) ignore_index = node.get_int("ignore_index");
  }

  // log_prob: [N, C, ...]; target: [N, ...]; weight: [C] or absent. Writes output 0.
  template <class T>
  void negative_log_likelihood(Context& run, const Tensor& log_prob, const Tensor& target,
                               const Tensor& weight) const {
    AxisView view(log_prob.dims(), 1);
    Dims expected = log_prob.dims();
    expected.erase(1);
    if (target.dims() != expected || (weight.has_value() && weight.size() != view.length))
      throw Error(ErrorCode::kInvalidArgument, fmt::format("target {} or weight do not fit {}",
                                                           target.dims().text(), log_prob.dims().text()));
    Tensor classes = cast(target, DataType::kInt64, &run.pool());
    Tensor& out = run.output(0, log_prob.dtype(), reduction == Reduction::kNone ? target.dims() : Dims());
    double sum = 0, weights = 0;
    for (int64_t i = 0; i < classes.size(); ++i) {
      int64_t c = classes.data<int64_t>()[i];
      double w = 0, value = 0;
      if (!ignore_index || c != *ignore_index) {
        if (c < 0 || c >= view.length)
          throw Error(ErrorCode::kInvalidArgument, fmt::format("class {} of {}", c, view.length));
        w = weight.has_value() ? static_cast<double>(weight.data<T>()[c]) : 1.0;
        int64_t offset = (i / view.inner * view.length + c) * view.inner + i % view.inner;
        value = -static_cast<double>(log_prob.data<T>()[offset]) * w;
      }
      if (reduction == Reduction::kNone) out.mutable_data<T>()[i] = static_cast<T>(value);
      sum += value;
      weights += w;
    }
    if (reduction == Reduction::kSum) *out.mutable_data<T>() = static_cast<T>(sum);
    if (reduction == Reduction::kMean) *out.mutable_data<T>() = static_cast<T>(sum / weights);
  }
};

Kernel compile_negative_log_likelihood(NodeSpec& node) {
  node.expect_inputs(2, 3);
  Loss loss(node);
  return widen_half([loss](Context& run) {
    Tensor weight = run.has_input(2) ? run.input(2) : Tensor();
    dispatch_float(run.input(0).dtype(), [&](auto type) {
      loss.negative_log_likelihood<decltype(type)>(run, run.input(0), run.input(1), weight);
    });
  });
}

template <class T>
void log_softmax(const Tensor& x, Tensor& y) {
  AxisView view(x.dims(), 1);
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t i = 0; i < view.inner; ++i) {
      const T* line = x.data<T>() + o * view.length * view.inner + i;
      T* out = y.mutable_data<T>() + o * view.length * view.inner + i;
      double maximum = -std::numeric_limits<double>::infinity(), sum = 0;
      for (int64_t c = 0; c < view.length; ++c)
        maximum = std::max(maximum, static_cast<double>(line[c * view.inner]));
      for (int64_t c = 0; c < view.length; ++c)
        sum += std::exp(static_cast<double>(line[c * view.inner]) - maximum);
      for (int64_t c = 0; c < view.length; ++c)
        out[c * view.inner] =
            static_cast<T>(static_cast<double>(line[c * view.inner]) - maximum - std::log(sum));
    }
}

Kernel compile_softmax_cross_entropy(NodeSpec& node) {
  node.expect_inputs(2, 3);
  Loss loss(node);
  return widen_half([loss](Context& run) {
    const Tensor& scores = run.input(0);
    Tensor weight = run.has_input(2) ? run.input(2) : Tensor();
    dispatch_float(scores.dtype(), [&](auto type) {
      Tensor log_prob = run.scratch(scores.dtype(), scores.dims());
      log_softmax<decltype(type)>(scores, log_prob);
      loss.negative_log_likelihood<decltype(type)>(run, log_prob, run.input(1), weight);
      run.set_output(1, std::move(log_prob));
    });
  });
}

}  // namespace

void register_loss(KernelRegistry& registry) {
  registry.add("", "NegativeLogLikelihoodLoss", 12, compile_negative_log_likelihood);
  registry.add("", "SoftmaxCrossEntropyLoss", 12, compile_softmax_cross_entropy);
}

}  // namespace tessera::exec
