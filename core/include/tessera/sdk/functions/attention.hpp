/// Attention with grouped heads (arXiv:2305.13245): causal (pure, on a cache, on slots of a cache, each with
/// a window or not), and bidirectional (in batch rows with a mask, or on packed sequences).
///
/// B rows, S positions a row, H query heads, G key and value heads (H a multiple of G; query head h reads key
/// head h / (H/G)), D elements a head, C positions a cache row holds. Position -1 is padding: it is never
/// seen and writes nothing; what comes out for it is finite and means nothing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/functions/body.hpp"

namespace tessera::graph::functions {

enum class Window { kNone, kSliding };

/// float [B, S, G*D] -> [B, G, S, D]
inline std::string split_heads(Body& b, const std::string& name, const std::string& x) {
  const std::string apart = b.op(name + "_apart", "Reshape", {x, "kv_shape"});
  return b.op(name, "Transpose", {apart}, {ints_attribute("perm", {0, 2, 1, 3})});
}

/// k, v as the cache has them; the parts of the shapes that attend() needs too.
inline void key_value_heads(Body& b, const std::string& k = "k", const std::string& v = "v") {
  b.unsqueeze("kv_heads_axis", b.int_of_call("kv_heads"), {0});
  b.op("kv_shape", "Concat", {b.integers("rows", {0, 0}), "kv_heads_axis", b.integers("rest", {-1})},
       {int_attribute("axis", 0)});
  split_heads(b, "k_heads", k);
  split_heads(b, "v_heads", v);
}

/// y = softmax(scale * q k^T where seen) v, in float32, as Hugging Face's eager attention.
/// keys, values [B, G, T, D]; seen bool, broadcast to [B, 1, 1, S, T]; q [B, S, H*D] -> y like q
inline void attend(Body& b, const std::string& keys, const std::string& values, const std::string& seen,
                   const std::string& q = "q", const std::string& y = "y") {
  // [B, S, H*D] -> [B, G, H/G, S, D]: the group is an axis of its own, so keys broadcast and are never
  // copied.
  b.dimension("head_dim", keys, 3);
  b.op("q_shape", "Concat", {"rows", "kv_heads_axis", "rest", "head_dim"}, {int_attribute("axis", 0)});
  b.op("q_apart", "Reshape", {q, "q_shape"});
  b.op("q_heads", "Transpose", {"q_apart"}, {ints_attribute("perm", {0, 2, 3, 1, 4})});
  b.unsqueeze("keys_grouped", keys, {2});
  b.unsqueeze("values_grouped", values, {2});

  b.op("keys_transposed", "Transpose", {"keys_grouped"}, {ints_attribute("perm", {0, 1, 2, 4, 3})});
  b.op("products", "MatMul", {"q_heads", "keys_transposed"});
  b.op("scores", "Mul", {"products", b.float_of_call("scale")});
  // The lowest float, not -inf: a row that sees nothing (padding) must stay finite, or its values would turn
  // 0 * NaN into NaN for the rows that do not see it in the next layer.
  b.op("masked", "Where", {seen, "scores", b.scalar("lowest", -3.4028234663852886e38f)});
  b.op("weights", "Softmax", {"masked"}, {int_attribute("axis", -1)});
  b.op("y_heads", "MatMul", {"weights", "values_grouped"});
  b.op("y_apart", "Transpose", {"y_heads"}, {ints_attribute("perm", {0, 3, 1, 2, 4})});
  b.op(y, "Reshape", {"y_apart", b.integers("flat_shape", {0, 0, -1})});
}
inline Function finish_attention(Body b, const std::string& keys, const std::string& values,
                                 const std::string& seen) {
  attend(b, keys, values, seen);
  return std::move(b).finish();
}

/// Which key positions (broadcast to [B, 1, 1, S, T]) the query positions [B, 1, 1, S, 1] see:
/// key <= query, and key > query - window.
inline std::string causal(Body& b, Window window, const std::string& key, const std::string& query) {
  b.op("not_after", "LessOrEqual", {key, query});
  if (window == Window::kNone) return "not_after";
  b.op("before_window", "Sub", {query, b.int_of_call("window")});
  b.op("in_window", "Greater", {key, "before_window"});
  return b.op("not_after_in_window", "And", {"not_after", "in_window"});
}

inline std::vector<std::string> attention_attributes(Window window) {
  std::vector<std::string> names = {"num_heads", "kv_heads", "scale"};
  if (window == Window::kSliding) names.push_back("window");
  return names;
}

/// q float [B, S, H*D], k, v float [B, S, G*D], positions int64 [B, S] -> y float [B, S, H*D]
/// A query sees the keys of its row b with 0 <= position <= its own (and > its own - window).
inline Function attention(Window window) {
  Body b(window == Window::kNone ? "Attention" : "WindowedAttention", {"q", "k", "v", "positions"}, {"y"},
         attention_attributes(window),
         window == Window::kNone ? "y = softmax(scale * q k^T) v over keys with 0 <= position <= the query's"
                                 : "y = softmax(scale * q k^T) v over keys with 0 <= position <= the "
                                   "query's, > the query's - window");
  key_value_heads(b);
  b.unsqueeze("query_positions", "positions", {1, 2, 4});
  b.unsqueeze("key_positions", "positions", {1, 2, 3});
  b.op("is_token", "GreaterOrEqual", {"key_positions", b.integer("zero", 0)});
  const std::string order = causal(b, window, "key_positions", "query_positions");
  b.op("seen", "And", {order, "is_token"});
  return finish_attention(std::move(b), "k_heads", "v_heads", "seen");
}

/// q float [B, S, H*D], k, v float [B, S, G*D], attention_mask int64 [B, S] -> y float [B, S, H*D]
/// A query, padding too, sees the keys of its row b whose mask is not 0.
inline Function bidirectional_attention() {
  Body b("BidirectionalAttention", {"q", "k", "v", "attention_mask"}, {"y"},
         attention_attributes(Window::kNone),
         "y = softmax(scale * q k^T) v over the keys whose attention_mask is not 0");
  key_value_heads(b);
  b.unsqueeze("key_mask", "attention_mask", {1, 2, 3});
  b.op("is_padding", "Equal", {"key_mask", b.integer("zero", 0)});
  b.op("seen", "Not", {"is_padding"});
  return finish_attention(std::move(b), "k_heads", "v_heads", "seen");
}

/// q float [N, 1, H*D], k, v float [N, 1, G*D], batch_index int64 [N, 1] -> y float [N, 1, H*D]
/// Rows are single tokens of sequences packed behind one another: row n sees every row, before and after it,
/// whose batch_index is its own.
inline Function packed_attention() {
  Body b("PackedAttention", {"q", "k", "v", "batch_index"}, {"y"}, attention_attributes(Window::kNone),
         "y = softmax(scale * q k^T) v over the rows of the same batch_index");
  // [N, 1, ...] -> [1, N, ...]: one batch row, whose mask keeps the sequences apart.
  const std::vector<Attribute> turned = {ints_attribute("perm", {1, 0, 2})};
  for (const char* name : {"q", "k", "v"}) b.op(std::string(name) + "_row", "Transpose", {name}, turned);
  key_value_heads(b, "k_row", "v_row");
  b.unsqueeze("query_sequence", "batch_index", {0, 1, 2});
  b.op("sequence_row", "Transpose", {"batch_index"}, {ints_attribute("perm", {1, 0})});
  b.unsqueeze("key_sequence", "sequence_row", {0, 1, 2});
  b.op("seen", "Equal", {"query_sequence", "key_sequence"});
  attend(b, "k_heads", "v_heads", "seen", "q_row", "y_row");
  b.op("y", "Transpose", {"y_row"}, turned);
  return std::move(b).finish();
}

/// The cache with one row more at the end of axis 2, where padding is written; cut() takes it off again. What
/// is in the row does not matter: it is a copy of the first.
inline std::string widen(Body& b, const std::string& cache) {
  const std::string spare = b.op(cache + "_spare", "Slice", {cache, "from_0", "to_1", "axis_2"});
  return b.op(cache + "_widened", "Concat", {cache, spare}, {int_attribute("axis", 2)});
}
inline std::string cut(Body& b, const std::string& name, const std::string& widened) {
  return b.op(name, "Slice", {widened, "from_0", "to_last", "axis_2"});
}

/// Row of the widened cache for each position: [B, 1, S, 1]; padding goes to the spare row.
inline void cache_rows(Body& b) {
  b.integers("from_0", {0});
  b.integers("to_1", {1});
  b.integers("to_last", {-1});
  b.integers("axis_2", {2});
  b.dimension("capacity", "past_key", 2);
  b.op("is_padding", "Less", {"positions", b.integer("zero", 0)});
  b.op("row", "Where", {"is_padding", "capacity", "positions"});
  b.unsqueeze("row_column", "row", {1, 3});
}

/// Keys stand in the cache at their position: index j is seen iff j <= the query's position.
inline std::string cache_seen(Body& b, Window window) {
  b.op("capacity_scalar", "Squeeze", {"capacity", "from_0"});
  b.op("index", "Range", {"zero", "capacity_scalar", b.integer("one", 1)});
  b.unsqueeze("query_positions", "positions", {1, 2, 4});
  return causal(b, window, "index", "query_positions");
}

/// As attention(), over a cache: past_key, past_value float [B, G, C, D] -> y, present_key, present_value.
/// k, v are written at their positions (< C) into row b, then queries see the indices <= their position in
/// row b.
inline Function cached_attention(Window window) {
  Body b(
      window == Window::kNone ? "CachedAttention" : "WindowedCachedAttention",
      {"q", "k", "v", "positions", "past_key", "past_value"}, {"y", "present_key", "present_value"},
      attention_attributes(window),
      "writes k, v at their positions (-1: nowhere) into row b of the cache, then attends to the indices <= "
      "position of that row");
  key_value_heads(b);
  cache_rows(b);
  b.op("update_shape", "Shape", {"k_heads"});
  b.op("rows_expanded", "Expand", {"row_column", "update_shape"});
  const auto write = [&](const std::string& present, const std::string& past, const std::string& heads) {
    cut(b, present,
        b.op(past + "_written", "ScatterElements", {widen(b, past), "rows_expanded", heads},
             {int_attribute("axis", 2)}));
  };
  write("present_key", "past_key", "k_heads");
  write("present_value", "past_value", "v_heads");
  const std::string seen = cache_seen(b, window);
  return finish_attention(std::move(b), "present_key", "present_value", seen);
}

/// Indices [B, G, S, 3] = (slot, head, row) of the elements that k_heads and v_heads go to.
inline void slot_indices(Body& b) {
  b.op("update_rows", "Shape", {"k_heads"}, {int_attribute("start", 0), int_attribute("end", 3)});
  b.op("column_shape", "Concat", {"update_rows", b.integers("column", {1})}, {int_attribute("axis", 0)});
  b.op("head_range", "Range", {"zero", "kv_heads", b.integer("step", 1)});
  b.op("slot_column", "Expand", {b.unsqueeze("slot", "batch_index", {2, 3}), "column_shape"});
  b.op("head_column", "Expand", {b.unsqueeze("head", "head_range", {0, 2, 3}), "column_shape"});
  b.op("row_columns", "Expand", {"row_column", "column_shape"});
  b.op("indices", "Concat", {"slot_column", "head_column", "row_columns"}, {int_attribute("axis", 3)});
}

/// As cached_attention(), with past_key, past_value float [slots, G, C, D] and batch_index int64 [B, 1]: the
/// cache row of row b is batch_index[b]. Rows may share a slot; all rows write before any row reads.
inline Function slot_attention(Window window) {
  Body b(
      window == Window::kNone ? "SlotAttention" : "WindowedSlotAttention",
      {"q", "k", "v", "positions", "batch_index", "past_key", "past_value"},
      {"y", "present_key", "present_value"}, attention_attributes(window),
      "writes k, v of all rows at their positions (-1: nowhere) into slot batch_index[b] of the cache, then "
      "attends to the indices <= position of that slot");
  key_value_heads(b);
  cache_rows(b);
  slot_indices(b);
  b.op("slots", "Squeeze", {"batch_index", b.integers("axis_1", {1})});
  const auto write = [&](const std::string& present, const std::string& past, const std::string& heads) {
    cut(b, present, b.op(past + "_written", "ScatterND", {widen(b, past), "indices", heads}));
    return b.op(present + "_rows", "Gather", {present, "slots"}, {int_attribute("axis", 0)});
  };
  const std::string keys = write("present_key", "past_key", "k_heads");
  const std::string values = write("present_value", "past_value", "v_heads");
  const std::string seen = cache_seen(b, window);
  return finish_attention(std::move(b), keys, values, seen);
}

}  // namespace tessera::graph::functions
