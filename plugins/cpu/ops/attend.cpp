#include "attend.hpp"

#include <fmt/format.h>

#include "tessera/sdk/error.hpp"

namespace tessera::cpu {

AttentionShape attention_shape(exec::NodeSpec& node, int64_t head_dim) {
  AttentionShape shape;
  shape.heads = node.get_int("num_heads");
  shape.kv.kv_heads = node.get_int("kv_heads");
  shape.kv.head_dim = head_dim;
  shape.scale = node.get_float("scale");
  shape.window = node.get_int("window", 0);
  if (shape.kv.kv_heads < 1 || shape.heads < 1 || shape.heads % shape.kv.kv_heads != 0) {
    node.fail(fmt::format("{} query heads cannot share {} heads of keys", shape.heads, shape.kv.kv_heads));
  }
  if (shape.window < 0) node.fail("window must not be negative");
  return shape;
}

}  // namespace tessera::cpu
