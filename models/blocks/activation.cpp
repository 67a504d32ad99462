#include "models/blocks/activation.hpp"

#include <fmt/format.h>

namespace tessera::blocks {
namespace {

struct Activation {
  std::string_view name;  // as Hugging Face's ACT2FN has it
  std::string_view function;
};
constexpr Activation kActivations[] = {
    {"silu", "Silu"},
    {"swish", "Silu"},
    {"gelu", "GeluErf"},
    {"gelu_new", "GeluTanh"},
    {"gelu_pytorch_tanh", "GeluTanh"},
    {"relu", "Relu"},
    {"tanh", "Tanh"},
};

}  // namespace

std::string read_activation(const Config& config, std::string_view key, std::string_view fallback) {
  const std::string name = config.text(key, fallback);
  std::string known;
  for (const Activation& activation : kActivations) {
    if (activation.name == name) return std::string(activation.function);
    known.append(known.empty() ? "" : ", ").append(activation.name);
  }
  throw config.error(ErrorCode::kNotSupported, key, fmt::format("is '{}', which is not implemented", name))
      .remedy("one of: " + known);
}

}  // namespace tessera::blocks
