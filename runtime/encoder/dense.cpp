#include "runtime/encoder/dense.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cmath>
#include <string_view>

#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/text_file.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct Activation {
  std::string_view name;  // last part of torch's class name
  double (*function)(double);
};
constexpr Activation kActivations[] = {
    {"Identity", [](double x) { return x; }},
    {"Tanh", [](double x) { return std::tanh(x); }},
    {"ReLU", [](double x) { return x > 0 ? x : 0; }},
    {"GELU", [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }},
    {"Sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"SiLU", [](double x) { return x / (1 + std::exp(-x)); }},
    {"LeakyReLU", [](double x) { return x > 0 ? x : 0.01 * x; }},
    {"ELU", [](double x) { return x > 0 ? x : std::expm1(x); }},
    {"Softplus", [](double x) { return x > 20 ? x : std::log1p(std::exp(x)); }},
};

Error broken(const fs::path& file, std::string_view key, std::string message,
             ErrorCode code = ErrorCode::kCorruptData) {
  return Error(code, std::move(message)).file(file.string()).key(key);
}

int64_t read_size(const json::object& config, std::string_view key, const fs::path& file) {
  const json::value* value = config.if_contains(key);
  if (value != nullptr && value->is_int64() && value->get_int64() > 0 && value->get_int64() < 1 << 24)
    return value->get_int64();
  throw broken(file, key, fmt::format("'{}' is missing or no size", key));
}

double (*read_activation(const json::object& config, const fs::path& file))(double) {
  const json::value* value = config.if_contains("activation_function");
  if (value == nullptr || value->is_null()) return kActivations[1].function;  // the library's default
  const std::string_view full =
      value->is_string() ? std::string_view(value->get_string()) : std::string_view();
  const std::string_view name = full.substr(full.rfind('.') + 1);
  std::string known;
  for (const Activation& activation : kActivations) {
    if (activation.name == name) return activation.function;
    known.append(known.empty() ? "" : ", ").append(activation.name);
  }
  throw broken(file, "activation_function", fmt::format("the activation '{}' is not implemented", full),
               ErrorCode::kNotSupported)
      .remedy("one of: " + known);
}

void refuse_other_inputs(const json::object& config, const fs::path& file) {
  for (const char* key : {"module_input_name", "module_output_name"}) {
    const json::value* value = config.if_contains(key);
    if (value == nullptr || value->is_null() || *value == "sentence_embedding") continue;
    throw broken(
        file, key,
        fmt::format("'{}' is {}, only \"sentence_embedding\" is implemented", key, json::serialize(*value)),
        ErrorCode::kNotSupported);
  }
}

std::vector<float> read_tensor(const SafetensorsFile& weights, std::string_view name,
                               const std::vector<int64_t>& dims) {
  const StoredTensor& tensor = weights.tensor(name);
  if (tensor.dims == dims) return weights.floats(name);
  throw broken(weights.path(), name, fmt::format("tensor '{}' does not have the sizes of config.json", name));
}

}  // namespace

Dense Dense::open(const fs::path& folder) {
  const fs::path file = folder / "config.json";
  const json::object config = parse_json_object(read_text_file(file), file.string());
  refuse_other_inputs(config, file);
  Dense dense;
  dense.in_ = read_size(config, "in_features", file);
  dense.out_ = read_size(config, "out_features", file);
  dense.activation_ = read_activation(config, file);
  const fs::path path = folder / "model.safetensors";
  if (!fs::exists(path) && fs::exists(folder / "pytorch_model.bin")) {
    throw broken(folder / "pytorch_model.bin", "", "weights that are not in safetensors are not read",
                 ErrorCode::kNotSupported)
        .remedy("convert them to model.safetensors");
  }
  const SafetensorsFile weights = SafetensorsFile::open(path);
  dense.weight_ = read_tensor(weights, "linear.weight", {dense.out_, dense.in_});
  const json::value* bias = config.if_contains("bias");
  const bool has_bias = bias == nullptr || !bias->is_bool() || bias->get_bool();
  dense.bias_ = has_bias ? read_tensor(weights, "linear.bias", {dense.out_})
                         : std::vector<float>(static_cast<size_t>(dense.out_));
  return dense;
}

std::vector<float> Dense::apply(std::span<const float> x) const {
  std::vector<float> y;
  for (int64_t row = 0; row < out_; ++row) {
    const float* weight = weight_.data() + row * in_;
    double sum = bias_[static_cast<size_t>(row)];
    for (int64_t i = 0; i < in_; ++i) sum += static_cast<double>(weight[i]) * x[static_cast<size_t>(i)];
    y.push_back(static_cast<float>(activation_(sum)));
  }
  return y;
}

}  // namespace tessera
