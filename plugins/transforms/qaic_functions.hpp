/// The functions that a QAic compiler knows by name, with bodies in standard operators (opset 17), so that
/// any other importer can inline them.
///
/// B rows, S positions a row, G key and value heads, T positions a cache row holds, C of them gathered, D
/// elements a head; the cache has B rows, with slots any number.
///
/// | function | inputs -> result | meaning |
/// |---|---|---|
/// | CtxScatter | data [B,G,T,D], position_ids [B,S], updates [B,G,S,D] -> like data | data[b,g,p] = updates
/// | | CtxScatterCB | data [slots,G,T,D], batch_index [B,1], position_ids, updates | row batch_index[b] for b
/// | | CtxGather | data, ctx_indices [B or 1,1,C], comp_ctx_len (scalar: C) -> [B,G,C,D] | data[b,g,c] | |
/// CtxGatherCB | data, batch_index, ctx_indices, comp_ctx_len (not read) -> [B,G,C,D] |
/// data[batch_index[b],g,c] | | CustomRMSNorm | hidden_states [...,h], weight [h]; epsilon -> like
/// hidden_states | x / sqrt(mean(x^2) + epsilon) * weight |
///
/// The first four are of domain `com.qualcomm.cloud`, the last of `com.qti.aisw.onnx`, both version 1. An
/// index of INT32_MAX means "no row" to the card: nothing is written, and what is gathered must not matter.
/// By the bodies, which ONNX defines, such an index is an error; see the option `guard-indices` of
/// qaic-kv-cache.
#pragma once

#include <string_view>

#include "tessera/sdk/graph.hpp"

namespace tessera::transforms {

inline constexpr std::string_view kCloudDomain = "com.qualcomm.cloud";
inline constexpr std::string_view kAiswDomain = "com.qti.aisw.onnx";

/// The index that means "no row".
inline constexpr int64_t kNoRow = 2147483647;

graph::Function ctx_scatter();
graph::Function ctx_scatter_cb();
graph::Function ctx_gather();
graph::Function ctx_gather_cb();
graph::Function custom_rms_norm();

/// True for the functions above, whatever bodies the model has for them.
bool is_qaic_function(std::string_view domain, std::string_view name);

}  // namespace tessera::transforms
