/// Weights of a model as the segment constants.bin.
#pragma once

#include <filesystem>
#include <string>

#include "matmul_weights.hpp"
#include "plugins/qaic/qpc/container.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::qaic::standin {

/// Rounds each float32 to the nearest float16 value, in place: what remains of it in the card's memory.
void round_to_half(char* bytes, size_t floats);

/// What values lose on their way.
struct ConstantRounding {
  bool fp16 = false;         ///< float32 becomes what float16 keeps of it
  MatmulWeights mxfp6 = {};  ///< float32 and float16 weights that become MXFP6 before that
};

/// Points the model's external data into constants.bin and gives that segment, which streams the files and
/// rounds on the way; what lies in the model is rounded at once. Throws kNotSupported for bfloat16, kNotFound
/// and kIo for files, kCorruptData for a range that leaves its file or does not fill its tensor.
SegmentSource move_constants(graph::Model& model, const std::filesystem::path& folder,
                             const ConstantRounding& rounding);

}  // namespace tessera::qaic::standin
