// Einsum: operands are contracted one after another; each contraction walks two operands and the result at
// once.
#include <fmt/format.h>

#include <algorithm>

#include "cast.hpp"
#include "standard.hpp"
#include "strided_walk.hpp"

namespace tessera::exec {
namespace {

// A term is a list of labels; the dimensions behind "..." have the labels kEllipsis + i, counted from the
// right.
using Labels = std::vector<int>;
constexpr int kEllipsis = 1000;

struct Equation {
  std::vector<std::string> terms;
  std::string output;
  bool has_output = false;
};

Equation parse(const NodeSpec& node) {
  std::string text = node.get_string("equation", "");
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  Equation equation;
  size_t arrow = text.find("->");
  if (arrow != std::string::npos) {
    equation.has_output = true;
    equation.output = text.substr(arrow + 2);
    text.resize(arrow);
  }
  for (size_t at = 0; at <= text.size();) {
    size_t comma = std::min(text.find(',', at), text.size());
    equation.terms.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  if (equation.terms.size() != node.input_count())
    node.fail(
        fmt::format("the equation has {} terms for {} inputs", equation.terms.size(), node.input_count()));
  return equation;
}

// `rank` < 0: the rank is not known, "..." stands for `ellipsis` dimensions.
Labels labels_of(const std::string& term, int64_t rank, int64_t ellipsis) {
  Labels labels;
  size_t dots = term.find("...");
  int64_t letters = static_cast<int64_t>(term.size()) - (dots == std::string::npos ? 0 : 3);
  if (rank >= 0) ellipsis = dots == std::string::npos ? 0 : rank - letters;
  if (ellipsis < 0 || (rank >= 0 && letters + ellipsis != rank))
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the term '{}' does not fit {} dimensions", term, rank));
  for (size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      for (int64_t e = ellipsis; e-- > 0;) labels.push_back(kEllipsis + static_cast<int>(e));
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(term[i]))) {
      labels.push_back(term[i]);
    } else {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' in the term '{}'", term[i], term));
    }
  }
  return labels;
}

bool contains(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

struct Operand {
  Tensor tensor;
  Labels labels;

  int64_t extent(int label) const {
    int64_t result = 1;
    for (size_t i = 0; i < labels.size(); ++i)
      if (labels[i] == label && tensor.dim(i) != 1) result = tensor.dim(i);
    return result;
  }
  // Strides for walking `order`; a label met twice is a diagonal.
  Dims strides(const Labels& order, const Dims& dims) const {
    Dims own = row_major_strides(tensor.dims());
    Dims result(order.size(), 0);
    for (size_t o = 0; o < order.size(); ++o)
      for (size_t i = 0; i < labels.size(); ++i) {
        if (labels[i] != order[o] || tensor.dim(i) == 1) continue;
        if (tensor.dim(i) != dims[o])
          throw Error(ErrorCode::kInvalidArgument,
                      fmt::format("a label stands for {} and {}", tensor.dim(i), dims[o]));
        result[o] += own[i];
      }
    return result;
  }
};

// Sums a * b over all labels but `kept`.
template <class T>
Operand contract(const Operand& a, const Operand& b, const Labels& kept, BufferPool* pool) {
  Labels order = kept;
  for (const Labels* labels : {&a.labels, &b.labels})
    for (int label : *labels)
      if (!contains(order, label)) order.push_back(label);
  Dims dims, out_dims;
  for (int label : order) dims.push_back(std::max(a.extent(label), b.extent(label)));
  for (size_t i = 0; i < order.size(); ++i)
    if (a.extent(order[i]) == 0 || b.extent(order[i]) == 0) dims[i] = 0;
  out_dims = dims.slice(0, kept.size());
  Operand result{Tensor::allocate(a.tensor.dtype(), out_dims, pool), kept};
  T* out = result.tensor.template mutable_data<T>();
  std::fill_n(out, result.tensor.size(), T(0));
  Dims out_strides = row_major_strides(out_dims);
  while (out_strides.size() < order.size()) out_strides.push_back(0);
  StridedWalk<3> walk(dims, {a.strides(order, dims), b.strides(order, dims), out_strides});
  const T* x = a.tensor.template data<T>();
  const T* y = b.tensor.template data<T>();
  walk.for_each_row([&](const auto& offset) {
    int64_t xs = walk.row_stride(0), ys = walk.row_stride(1), os = walk.row_stride(2);
    for (int64_t i = 0; i < walk.row_length(); ++i)
      out[offset[2] + i * os] += static_cast<T>(x[offset[0] + i * xs] * y[offset[1] + i * ys]);
  });
  return result;
}

// Without an arrow: the labels that occur once, in alphabetical order, after the dimensions behind "...".
Labels implicit_output(const std::vector<Operand>& operands) {
  Labels all, output;
  for (const Operand& operand : operands) all.insert(all.end(), operand.labels.begin(), operand.labels.end());
  std::sort(all.begin(), all.end());
  for (int label : all)
    if (label < kEllipsis && std::count(all.begin(), all.end(), label) == 1) output.push_back(label);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  Labels leading;
  for (int label : all)
    if (label >= kEllipsis) leading.insert(leading.begin(), label);
  output.insert(output.begin(), leading.begin(), leading.end());
  return output;
}

template <class T>
void einsum(Context& run, const Equation& equation) {
  std::vector<Operand> operands;
  int64_t ellipsis = 0;
  for (size_t i = 0; i < run.input_count(); ++i) {
    const std::string& term = equation.terms[i];
    operands.push_back({run.input(i), labels_of(term, run.input(i).rank(), 0)});
    if (term.find("...") != std::string::npos)
      ellipsis = std::max(ellipsis, run.input(i).rank() - static_cast<int64_t>(term.size()) + 3);
  }
  Labels output = equation.has_output ? labels_of(equation.output, -1, ellipsis) : implicit_output(operands);
  for (int label : output) {
    bool known = false;
    for (const Operand& operand : operands) known = known || contains(operand.labels, label);
    if (!known || std::count(output.begin(), output.end(), label) != 1)
      throw Error(ErrorCode::kInvalidArgument, "the output's labels must occur in the inputs, and once");
  }
  Operand result{Tensor::scalar(T(1)), {}};
  for (size_t i = 0; i < operands.size(); ++i) {
    Labels kept;
    if (i + 1 == operands.size()) kept = output;
    // Before the last operand: what the output or a later operand needs.
    for (const Labels* labels : {&result.labels, &operands[i].labels})
      for (int label : *labels) {
        bool later = contains(output, label);
        for (size_t j = i + 1; j < operands.size(); ++j) later = later || contains(operands[j].labels, label);
        if (i + 1 < operands.size() && later && !contains(kept, label)) kept.push_back(label);
      }
    result = contract<T>(result, operands[i], kept, &run.pool());
  }
  run.set_output(0, std::move(result.tensor));
}

Kernel compile_einsum(NodeSpec& node) {
  node.expect_inputs(1);
  Equation equation = parse(node);
  return widen_half([equation](Context& run) {
    dispatch<float, double, int32_t, int64_t>(run.input(0).dtype(),
                                              [&](auto type) { einsum<decltype(type)>(run, equation); });
  });
}

}  // namespace

void register_einsum(KernelRegistry& registry) {
  registry.add("", "Einsum", 12, compile_einsum);
}

}  // namespace tessera::exec
