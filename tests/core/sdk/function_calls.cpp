#include "function_calls.hpp"

#include <algorithm>

namespace tessera::graph {
namespace {

constexpr DataType kFloat = DataType::kFloat, kInt64 = DataType::kInt64, kHalf = DataType::kFloat16,
                   kBf16 = DataType::kBfloat16;
const Dimension kBatch{-1, "batch", {}}, kSeq{-1, "seq", {}}, kSlots{-1, "slots", {}},
    kCtx{-1, "ctx_len", {}};

Dimension dim(int64_t value) {
  return {value, {}, {}};
}
ValueType ids() {
  return {kInt64, {kBatch, kSeq}};
}
ValueType row(int64_t width) {
  return {kFloat, {kBatch, kSeq, dim(width)}};
}
ValueType cache(const Dimension& rows) {
  return {kFloat, {rows, dim(2), kCtx, dim(8)}};
}

std::vector<Attribute> attention_attributes(bool window) {
  std::vector<Attribute> list = {int_attribute("num_heads", 6), int_attribute("kv_heads", 2),
                                 float_attribute("scale", 0.35f)};
  if (window) list.push_back(int_attribute("window", 3));
  return list;
}

std::vector<FunctionCall> attention_calls(bool window) {
  const std::string prefix = window ? "Windowed" : "";
  const std::vector<Attribute> attributes = attention_attributes(window);
  const std::string y = "float[batch,seq,48]";
  return {
      {prefix + "Attention", {row(48), row(16), row(16), ids()}, attributes, {y}},
      {prefix + "CachedAttention",
       {row(48), row(16), row(16), ids(), cache(kBatch), cache(kBatch)},
       attributes,
       {y, "float[batch,2,?,8]", "float[batch,2,?,8]"}},
      {prefix + "SlotAttention",
       {row(48), row(16), row(16), ids(), {kInt64, {kBatch, dim(1)}}, cache(kSlots), cache(kSlots)},
       attributes,
       {y, "float[slots,2,?,8]", "float[slots,2,?,8]"}},
  };
}

}  // namespace

std::vector<FunctionCall> function_calls() {
  const std::string table = "float[batch,seq,4]";
  std::vector<FunctionCall> calls = {
      {"Embedding", {ids(), {kBf16, {dim(100), dim(32)}}}, {}, {"float[batch,seq,32]"}},
      {"Linear", {row(32), {kHalf, {dim(48), dim(32)}}}, {}, {"float[batch,seq,48]"}},
      {"LinearBias",
       {row(32), {kFloat, {dim(48), dim(32)}}, {kHalf, {dim(48)}}},
       {},
       {"float[batch,seq,48]"}},
      {"Conv1D", {row(32), {kBf16, {dim(32), dim(48)}}, {kFloat, {dim(48)}}}, {}, {"float[batch,seq,48]"}},
      {"RMSNorm",
       {row(32), {kHalf, {dim(32)}}},
       {float_attribute("epsilon", 1e-5f)},
       {"float[batch,seq,32]"}},
      {"LayerNorm",
       {row(32), {kHalf, {dim(32)}}, {kFloat, {dim(32)}}},
       {float_attribute("epsilon", 1e-12f)},
       {"float[batch,seq,32]"}},
      {"Silu", {row(32)}, {}, {"float[batch,seq,32]"}},
      {"GeluTanh", {row(32)}, {}, {"float[batch,seq,32]"}},
      {"GeluErf", {row(32)}, {}, {"float[batch,seq,32]"}},
      {"RotaryTable", {ids(), {kFloat, {dim(4)}}}, {float_attribute("scale", 1.25f)}, {table, table}},
      {"DynamicRotaryTable",
       {ids(), ids()},
       {int_attribute("rotary_dim", 8), float_attribute("theta", 10000), float_attribute("factor", 4),
        int_attribute("original_length", 6)},
       {table, table}},
      {"LongRotaryTable",
       {ids(), ids(), {kFloat, {dim(4)}}, {kFloat, {dim(4)}}},
       {float_attribute("scale", 1.25f), int_attribute("original_length", 6)},
       {table, table}},
      {"RotaryEmbedding",
       {row(48), {kFloat, {kBatch, kSeq, dim(4)}}, {kFloat, {kBatch, kSeq, dim(4)}}},
       {int_attribute("num_heads", 6)},
       {"float[batch,seq,48]"}},
  };
  const ValueType packed_row = {kFloat, {kBatch, dim(1), dim(48)}},
                  packed_kv = {kFloat, {kBatch, dim(1), dim(16)}};
  calls.push_back({"BidirectionalAttention",
                   {row(48), row(16), row(16), ids()},
                   attention_attributes(false),
                   {"float[batch,seq,48]"}});
  calls.push_back({"PackedAttention",
                   {packed_row, packed_kv, packed_kv, {kInt64, {kBatch, dim(1)}}},
                   attention_attributes(false),
                   {"float[batch,1,48]"}});
  calls.push_back({"FirstToken", {row(48)}, {}, {"float[batch,48]"}});
  for (const bool window : {false, true}) {
    for (FunctionCall& call : attention_calls(window)) calls.push_back(std::move(call));
  }
  return calls;
}

Model model_of(const FunctionCall& call) {
  const Function& function = *find_canonical(call.function);
  Model model;
  model.opset_imports = {{"", 17}, {"tessera", 1}};
  model.functions.push_back(function);
  model.graph.name = call.function;
  Node& node = model.graph.nodes.emplace_back();
  node.op_type = function.name;
  node.domain = "tessera";
  node.name = "call";
  node.inputs = function.inputs;
  node.outputs = function.outputs;
  node.attributes = call.attributes;
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    ValueInfo& info = model.graph.inputs.emplace_back();
    info.name = function.inputs[i];
    info.dtype = call.inputs.at(i).dtype;
    info.has_shape = true;
    info.shape = call.inputs[i].shape;
  }
  for (size_t i = 0; i < function.outputs.size(); ++i) {
    ValueInfo& info = model.graph.outputs.emplace_back();
    info.name = function.outputs[i];
    info.dtype = DataType::kFloat;
    info.has_shape = true;
    info.shape.resize(1 + std::count(call.outputs[i].begin(), call.outputs[i].end(), ','));
  }
  return model;
}

}  // namespace tessera::graph
