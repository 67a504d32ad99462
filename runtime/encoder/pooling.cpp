#include "runtime/encoder/pooling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

struct ModeName {
  std::string_view name;
  PoolingMode mode;
};
constexpr ModeName kModes[] = {
    {"cls", PoolingMode::kCls},
    {"max", PoolingMode::kMax},
    {"mean", PoolingMode::kMean},
    {"mean_sqrt_len_tokens", PoolingMode::kMeanSqrtLen},
    {"weightedmean", PoolingMode::kWeightedMean},
    {"lasttoken", PoolingMode::kLastToken},
};

/// The tokens of a text that count.
struct Rows {
  std::span<const float> tokens;
  int64_t width, begin, end;

  const float* row(int64_t i) const { return tokens.data() + i * width; }
};

/// sum(weight(i) * row i) / divisor
template <typename Weight>
std::vector<float> weighted(const Rows& rows, double divisor, Weight&& weight) {
  std::vector<double> sum(static_cast<size_t>(rows.width), 0.0);
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const double w = weight(i);
    for (size_t d = 0; d < sum.size(); ++d) sum[d] += w * rows.row(i)[d];
  }
  std::vector<float> result;
  for (const double value : sum) result.push_back(static_cast<float>(value / std::max(divisor, 1e-9)));
  return result;
}

std::vector<float> largest(const Rows& rows) {
  std::vector<float> result(static_cast<size_t>(rows.width), -1e9f);  // of a text without tokens, as there
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    for (size_t d = 0; d < result.size(); ++d) result[d] = std::max(result[d], rows.row(i)[d]);
  }
  return result;
}

std::vector<float> copy(const Rows& rows, int64_t i) {
  return {rows.row(i), rows.row(i) + rows.width};
}

std::vector<float> pool_one(PoolingMode mode, const Rows& rows) {
  const auto count = static_cast<double>(rows.end - rows.begin);
  const auto one = [](int64_t) { return 1.0; };
  const auto position = [](int64_t i) { return static_cast<double>(i + 1); };
  switch (mode) {
    case PoolingMode::kCls:
      return copy(rows, 0);
    case PoolingMode::kMax:
      return largest(rows);
    case PoolingMode::kMean:
      return weighted(rows, count, one);
    case PoolingMode::kMeanSqrtLen:
      return weighted(rows, std::sqrt(count), one);
    case PoolingMode::kWeightedMean: {
      double sum = 0;
      for (int64_t i = rows.begin; i < rows.end; ++i) sum += position(i);
      return weighted(rows, sum, position);
    }
    case PoolingMode::kLastToken:
      return copy(rows, rows.end - 1);
  }
  return {};
}

}  // namespace

PoolingMode parse_pooling_mode(std::string_view name) {
  std::string known;
  for (const ModeName& mode : kModes) {
    if (mode.name == name || std::string(mode.name) + "_tokens" == name) return mode.mode;
    known.append(known.empty() ? "" : ", ").append(mode.name);
  }
  if (name == "cls_token") return PoolingMode::kCls;
  if (name == "mean_sqrt_len") return PoolingMode::kMeanSqrtLen;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("there is no pooling mode '{}'", name))
      .key("pooling_mode")
      .remedy("one of: " + known);
}

std::string pooling_text(const PoolingConfig& config) {
  std::string text;
  for (const PoolingMode mode : config.modes) {
    for (const ModeName& known : kModes) {
      if (known.mode == mode) text.append(text.empty() ? "" : "+").append(known.name);
    }
  }
  return text;
}

std::vector<float> pool(const PoolingConfig& config, std::span<const float> tokens, int64_t width,
                        int64_t prompt_tokens) {
  const auto count = static_cast<int64_t>(tokens.size()) / width;
  const int64_t begin = config.include_prompt ? 0 : std::min(prompt_tokens, count);
  const Rows rows{tokens, width, begin, count};
  std::vector<float> result;
  for (const PoolingMode mode : config.modes) {
    const std::vector<float> part = pool_one(mode, rows);
    result.insert(result.end(), part.begin(), part.end());
  }
  return result;
}

}  // namespace tessera
