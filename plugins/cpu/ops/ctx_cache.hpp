/// The operators of a QAic graph's retained state, domain `com.qualcomm.cloud` version 1, and CustomRMSNorm
/// of `com.qti.aisw.onnx`: models carry them as functions, these kernels add what the card does and the
/// bodies cannot say.
///
/// | function | inputs -> result |
/// |---|---|
/// | CtxScatter | data [B,G,T,D], position_ids [B,S], updates [B,G,S,D] -> like data |
/// | CtxScatterCB | data [slots,G,T,D], batch_index [B,1], position_ids, updates -> like data |
/// | CtxGather | data, ctx_indices [B or 1,1,C], comp_ctx_len -> [B,G,C,D] |
/// | CtxGatherCB | data, batch_index, ctx_indices, comp_ctx_len -> [B,G,C,D] |
///
/// Index rules: INT32_MAX means "no row": nothing is written whatever batch_index says, zeros are gathered. A
/// scattered position below 0 is padding and writes nothing either (ONNX would write from the end). Of
/// batch_index, -1 is the last row where it is read. Any other index outside of the tensor is an error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tessera::cpu {

/// True for the functions above: their calls keep their node.
bool is_ctx_function(std::string_view domain, std::string_view name);

/// Their names without domain.
const std::vector<std::string>& ctx_function_names();

}  // namespace tessera::cpu
