/// The functions of domain `tessera` as C++ functions on a GraphBuilder: they know the shapes of what they
/// return.
///
/// `name` is the node's name in the current scope. B = batch, S = seq; shapes and meanings as in
/// functions/*.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/builder.hpp"

namespace tessera::graph {

/// ids int64 [B, S], weight [vocab, hidden] -> float [B, S, hidden]
inline Value embedding(GraphBuilder& g, std::string_view name, const Value& ids, const Value& weight) {
  Shape shape = ids.shape;
  shape.push_back(known(weight.width()));
  return g.call(name, "Embedding", {ids, weight}, {}, {shape})[0];
}

/// x float [..., in], weight [out, in] -> float [..., out]
inline Value linear(GraphBuilder& g, std::string_view name, const Value& x, const Value& weight) {
  return g.call(name, "Linear", {x, weight}, {}, {with_width(x.shape, weight.shape.at(0).value)})[0];
}
/// The same, and bias [out].
inline Value linear(GraphBuilder& g, std::string_view name, const Value& x, const Value& weight,
                    const Value& bias) {
  return g.call(name, "LinearBias", {x, weight, bias}, {},
                {with_width(x.shape, weight.shape.at(0).value)})[0];
}

/// x float [..., in], weight [in, out], bias [out] -> float [..., out]
inline Value conv1d(GraphBuilder& g, std::string_view name, const Value& x, const Value& weight,
                    const Value& bias) {
  return g.call(name, "Conv1D", {x, weight, bias}, {}, {with_width(x.shape, weight.shape.at(1).value)})[0];
}

/// x float [..., h], weight [h] -> like x
inline Value rms_norm(GraphBuilder& g, std::string_view name, const Value& x, const Value& weight,
                      float epsilon) {
  return g.call(name, "RMSNorm", {x, weight}, {float_attribute("epsilon", epsilon)}, {x.shape})[0];
}

/// x float [..., h], weight, bias [h] -> like x
inline Value layer_norm(GraphBuilder& g, std::string_view name, const Value& x, const Value& weight,
                        const Value& bias, float epsilon) {
  return g.call(name, "LayerNorm", {x, weight, bias}, {float_attribute("epsilon", epsilon)}, {x.shape})[0];
}

/// `function` is "Silu", "GeluTanh" or "GeluErf", or the standard operator "Relu" or "Tanh".
inline Value activation(GraphBuilder& g, std::string_view name, std::string_view function, const Value& x) {
  if (function == "Relu" || function == "Tanh")
    return g.op(name, std::string(function), {x}, {}, x.dtype, x.shape);
  return g.call(name, function, {x}, {}, {x.shape})[0];
}

/// cos and sin, float [B, S, D/2]
struct RotaryTables {
  Value cos, sin;
};

namespace calls {
inline RotaryTables tables(GraphBuilder& g, std::string_view name, std::string_view function,
                           const std::vector<Value>& inputs, std::vector<Attribute> attributes,
                           int64_t half_dim) {
  Shape shape = inputs.at(0).shape;
  shape.push_back(known(half_dim));
  std::vector<Value> both = g.call(name, function, inputs, std::move(attributes), {shape, shape});
  return {std::move(both[0]), std::move(both[1])};
}
}  // namespace calls

/// positions int64 [B, S], inv_freq float [D/2]
inline RotaryTables rotary_table(GraphBuilder& g, std::string_view name, const Value& positions,
                                 const Value& inv_freq, float scale) {
  return calls::tables(g, name, "RotaryTable", {positions, inv_freq}, {float_attribute("scale", scale)},
                       inv_freq.width());
}

struct DynamicRotary {
  int64_t rotary_dim;  ///< D, > 2
  float theta;
  float factor;
  int64_t original_length;  ///< positions; the base grows beyond
};
/// positions, length int64 [B, S]
inline RotaryTables dynamic_rotary_table(GraphBuilder& g, std::string_view name, const Value& positions,
                                         const Value& length, const DynamicRotary& rotary) {
  return calls::tables(
      g, name, "DynamicRotaryTable", {positions, length},
      {int_attribute("rotary_dim", rotary.rotary_dim), float_attribute("theta", rotary.theta),
       float_attribute("factor", rotary.factor), int_attribute("original_length", rotary.original_length)},
      rotary.rotary_dim / 2);
}

/// positions, length int64 [B, S], short_inv_freq, long_inv_freq float [D/2]
inline RotaryTables long_rotary_table(GraphBuilder& g, std::string_view name, const Value& positions,
                                      const Value& length, const Value& short_inv_freq,
                                      const Value& long_inv_freq, float scale, int64_t original_length) {
  return calls::tables(g, name, "LongRotaryTable", {positions, length, short_inv_freq, long_inv_freq},
                       {float_attribute("scale", scale), int_attribute("original_length", original_length)},
                       short_inv_freq.width());
}

/// x float [B, S, num_heads * D] -> like x
inline Value rotary_embedding(GraphBuilder& g, std::string_view name, const Value& x,
                              const RotaryTables& tables, int64_t num_heads) {
  return g.call(name, "RotaryEmbedding", {x, tables.cos, tables.sin}, {int_attribute("num_heads", num_heads)},
                {x.shape})[0];
}

struct AttentionHeads {
  int64_t num_heads;
  int64_t kv_heads;  ///< num_heads is a multiple
  float scale;       ///< of the products q k
  int64_t window;    ///< tokens a query sees, itself included; 0 = all before it
};
/// q float [B, S, H*D], k, v float [B, S, G*D], positions int64 [B, S] -> like q
inline Value attention(GraphBuilder& g, std::string_view name, const Value& q, const Value& k, const Value& v,
                       const Value& positions, const AttentionHeads& heads) {
  std::vector<Attribute> attributes = {int_attribute("num_heads", heads.num_heads),
                                       int_attribute("kv_heads", heads.kv_heads),
                                       float_attribute("scale", heads.scale)};
  if (heads.window > 0) attributes.push_back(int_attribute("window", heads.window));
  return g.call(name, heads.window > 0 ? "WindowedAttention" : "Attention", {q, k, v, positions},
                std::move(attributes), {q.shape})[0];
}

/// q float [B, S, H*D], k, v float [B, S, G*D], attention_mask int64 [B, S] (0: padding) -> like q. `heads`
/// has no window.
inline Value bidirectional_attention(GraphBuilder& g, std::string_view name, const Value& q, const Value& k,
                                     const Value& v, const Value& attention_mask,
                                     const AttentionHeads& heads) {
  return g.call(name, "BidirectionalAttention", {q, k, v, attention_mask},
                {int_attribute("num_heads", heads.num_heads), int_attribute("kv_heads", heads.kv_heads),
                 float_attribute("scale", heads.scale)},
                {q.shape})[0];
}

/// x float [B, S, h] -> float [B, h]
inline Value first_token(GraphBuilder& g, std::string_view name, const Value& x) {
  return g.call(name, "FirstToken", {x}, {}, {{x.shape.at(0), x.shape.at(2)}})[0];
}

}  // namespace tessera::graph
