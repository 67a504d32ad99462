#include <cstring>

#include "attention_shape.hpp"

namespace tessera::cpu {
namespace {

// Where element d of a token's value lies in [panel][64][32].
int64_t value_offset(int64_t lane, int64_t d) {
  return (d / kPanelWidth * kBlockTokens + lane) * kPanelWidth + d % kPanelWidth;
}

// Where element d of a token's key lies in [half][head_dim][32].
int64_t key_offset(const KvShape& shape, int64_t lane, int64_t d) {
  return (lane / kPanelWidth * shape.head_dim + d) * kPanelWidth + lane % kPanelWidth;
}

int64_t head_floats(const KvShape& shape) {
  return kBlockTokens * (shape.head_dim + padded_head_dim(shape));
}

}  // namespace

int64_t kv_block_floats(const KvShape& shape) {
  return shape.kv_heads * head_floats(shape);
}

void kv_append(const KvShape& shape, int64_t position, const float* key, const float* value, float* block) {
  const int64_t lane = position % kBlockTokens, dim = shape.head_dim;
  for (int64_t head = 0; head < shape.kv_heads; ++head) {
    float* keys = block + head * head_floats(shape);
    float* values = keys + kBlockTokens * dim;
    for (int64_t d = 0; d < dim; ++d) keys[key_offset(shape, lane, d)] = key[head * dim + d];
    for (int64_t d = 0; d < dim; ++d) values[value_offset(lane, d)] = value[head * dim + d];
    for (int64_t d = dim; d < padded_head_dim(shape); ++d) values[value_offset(lane, d)] = 0.0f;
  }
}

void kv_copy(const KvShape& shape, int64_t begin, int64_t end, const float* from, float* to) {
  for (int64_t head = 0; head < shape.kv_heads; ++head) {
    const int64_t keys = head * head_floats(shape), values = keys + kBlockTokens * shape.head_dim;
    for (int64_t lane = begin; lane < end; ++lane) {
      for (int64_t d = 0; d < shape.head_dim; ++d) {
        const int64_t at = keys + key_offset(shape, lane, d);
        to[at] = from[at];
      }
      for (int64_t d = 0; d < padded_head_dim(shape); d += kPanelWidth) {
        const int64_t at = values + value_offset(lane, d);
        std::memcpy(to + at, from + at, kPanelWidth * sizeof(float));
      }
    }
  }
}

}  // namespace tessera::cpu
