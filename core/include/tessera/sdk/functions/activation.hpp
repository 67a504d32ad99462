/// Silu, GeluTanh, GeluErf: x float [...] -> y float [...], element by element.
#pragma once

#include <utility>

#include "tessera/sdk/functions/body.hpp"

namespace tessera::graph::functions {

/// y = x * sigmoid(x)
inline Function silu() {
  Body b("Silu", {"x"}, {"y"}, {}, "y = x * sigmoid(x)");
  b.op("gate", "Sigmoid", {"x"});
  b.op("y", "Mul", {"x", "gate"});
  return std::move(b).finish();
}

/// y = x / 2 * (1 + s), the form both gelus share
inline Function finish_gelu(Body b, const char* s) {
  b.op("shifted", "Add", {s, b.scalar("one", 1.0f)});
  b.op("half_x", "Mul", {"x", b.scalar("half", 0.5f)});
  b.op("y", "Mul", {"half_x", "shifted"});
  return std::move(b).finish();
}

/// `gelu_new`, `gelu_pytorch_tanh`: y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
inline Function gelu_tanh() {
  Body b("GeluTanh", {"x"}, {"y"}, {}, "y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))");
  b.op("square", "Mul", {"x", "x"});
  b.op("cube", "Mul", {"square", "x"});
  b.op("scaled_cube", "Mul", {"cube", b.scalar("coefficient", 0.044715f)});
  b.op("sum", "Add", {"x", "scaled_cube"});
  b.op("argument", "Mul", {"sum", b.scalar("root_two_over_pi", 0.7978845608028654f)});
  b.op("tanh", "Tanh", {"argument"});
  return finish_gelu(std::move(b), "tanh");
}

/// `gelu`: y = x / 2 * (1 + erf(x / sqrt(2)))
inline Function gelu_erf() {
  Body b("GeluErf", {"x"}, {"y"}, {}, "y = x / 2 * (1 + erf(x / sqrt(2)))");
  b.op("argument", "Mul", {"x", b.scalar("root_half", 0.7071067811865476f)});
  b.op("erf", "Erf", {"argument"});
  return finish_gelu(std::move(b), "erf");
}

}  // namespace tessera::graph::functions
