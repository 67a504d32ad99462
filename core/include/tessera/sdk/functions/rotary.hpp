/// Rotary position embedding (RoPE, arXiv:2104.09864): tables of cos and sin, and the rotation.
///
/// B rows, S positions a row, H heads of D elements. Tables are float [B, S, D/2]. All arithmetic is float32,
/// as in Hugging Face's code: the angle is a float32 product.
#pragma once

#include <string>
#include <utility>

#include "tessera/sdk/functions/body.hpp"

namespace tessera::graph::functions {

/// cos, sin = cos(angle) * scale, sin(angle) * scale with angle = float(positions) * inv_freq; inv_freq [D/2]
/// or [B, S, D/2].
inline void table(Body& b, const std::string& inv_freq) {
  b.unsqueeze("position_column", b.to_float("positions_float", "positions"), {2});
  b.op("angle", "Mul", {"position_column", inv_freq});
}
inline Function finish_scaled_table(Body b, const std::string& inv_freq) {
  table(b, inv_freq);
  b.float_of_call("scale");
  b.op("cos_angle", "Cos", {"angle"});
  b.op("sin_angle", "Sin", {"angle"});
  b.op("cos", "Mul", {"cos_angle", "scale"});
  b.op("sin", "Mul", {"sin_angle", "scale"});
  return std::move(b).finish();
}

/// positions int64 [B, S], inv_freq float [D/2] -> cos, sin. For scalings whose table does not depend on the
/// length: default, linear, llama3, yarn.
inline Function rotary_table() {
  return finish_scaled_table(
      Body("RotaryTable", {"positions", "inv_freq"}, {"cos", "sin"}, {"scale"},
           "angle = float(positions) * inv_freq; cos(angle) * scale, sin(angle) * scale"),
      "inv_freq");
}

/// positions, length int64 [B, S] -> cos, sin. NTK scaling that grows with the length (Hugging Face's
/// `dynamic`): L = max(length, original_length); base = theta * (factor * L / original_length - (factor - 1))
/// ^ (d / (d - 2)); inv_freq[i] = 1 / base ^ (2i / d) with d = rotary_dim, which must be > 2.
inline Function dynamic_rotary_table() {
  Body b("DynamicRotaryTable", {"positions", "length"}, {"cos", "sin"},
         {"rotary_dim", "theta", "factor", "original_length"},
         "L = max(length, original_length); "
         "base = theta * (factor * L / original_length - (factor - 1)) ^ (rotary_dim / (rotary_dim - 2)); "
         "angle = float(positions) / base ^ (2i / rotary_dim); cos(angle), sin(angle)");
  b.int_of_call("rotary_dim");
  b.int_of_call("original_length");
  b.float_of_call("theta");
  b.float_of_call("factor");
  b.to_float("dim", "rotary_dim");
  b.to_float("original", "original_length");

  b.to_float("reached", b.op("reached_length", "Max", {"length", "original_length"}));
  b.op("stretched", "Mul", {"reached", "factor"});
  b.op("ratio", "Div", {"stretched", "original"});
  b.op("factor_less_one", "Sub", {"factor", b.scalar("one", 1.0f)});
  b.op("growth", "Sub", {"ratio", "factor_less_one"});
  b.op("dim_less_two", "Sub", {"dim", b.scalar("two", 2.0f)});
  b.op("power", "Div", {"dim", "dim_less_two"});
  b.op("growth_power", "Pow", {"growth", "power"});
  b.op("base", "Mul", {"growth_power", "theta"});

  b.op("even", "Range", {b.integer("first", 0), "rotary_dim", b.integer("step", 2)});
  b.op("exponent", "Div", {b.to_float("even_float", "even"), "dim"});
  b.op("wavelength", "Pow", {b.unsqueeze("base_column", "base", {2}), "exponent"});
  table(b, b.op("inv_freq", "Reciprocal", {"wavelength"}));
  b.op("cos", "Cos", {"angle"});
  b.op("sin", "Sin", {"angle"});
  return std::move(b).finish();
}

/// positions, length int64 [B, S], short_inv_freq, long_inv_freq float [D/2] -> cos, sin. LongRoPE
/// (arXiv:2402.13753): positions whose length is beyond original_length take the long table.
inline Function long_rotary_table() {
  Body b("LongRotaryTable", {"positions", "length", "short_inv_freq", "long_inv_freq"}, {"cos", "sin"},
         {"scale", "original_length"},
         "inv_freq = length > original_length ? long_inv_freq : short_inv_freq; "
         "angle = float(positions) * inv_freq; cos(angle) * scale, sin(angle) * scale");
  b.op("beyond", "Greater", {"length", b.int_of_call("original_length")});
  b.unsqueeze("beyond_column", "beyond", {2});
  b.op("inv_freq", "Where", {"beyond_column", "long_inv_freq", "short_inv_freq"});
  return finish_scaled_table(std::move(b), "inv_freq");
}

/// x float [B, S, H*D], cos, sin -> y like x. In each head the halves are rotated, element i with i + D/2:
/// y1 = x1 cos - x2 sin, y2 = x2 cos + x1 sin (Hugging Face's rotate_half).
inline Function rotary_embedding() {
  Body b("RotaryEmbedding", {"x", "cos", "sin"}, {"y"}, {"num_heads"},
         "per head: y1 = x1 * cos - x2 * sin, y2 = x2 * cos + x1 * sin with x1, x2 the halves of x");
  b.unsqueeze("heads", b.int_of_call("num_heads"), {0});
  b.op("head_shape", "Concat", {b.integers("rows", {0, 0}), "heads", b.integers("head_dim", {-1})},
       {int_attribute("axis", 0)});
  b.op("x_heads", "Reshape", {"x", "head_shape"});
  b.halves("split", "x_heads", 3, "x1", "x2");
  b.unsqueeze("cos_heads", "cos", {2});
  b.unsqueeze("sin_heads", "sin", {2});
  b.op("x1_cos", "Mul", {"x1", "cos_heads"});
  b.op("x2_sin", "Mul", {"x2", "sin_heads"});
  b.op("x2_cos", "Mul", {"x2", "cos_heads"});
  b.op("x1_sin", "Mul", {"x1", "sin_heads"});
  b.op("y1", "Sub", {"x1_cos", "x2_sin"});
  b.op("y2", "Add", {"x2_cos", "x1_sin"});
  b.op("y_heads", "Concat", {"y1", "y2"}, {int_attribute("axis", 3)});
  b.op("y", "Reshape", {"y_heads", b.integers("flat_shape", {0, 0, -1})});
  return std::move(b).finish();
}

}  // namespace tessera::graph::functions
