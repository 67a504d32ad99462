/// Weights of a model as the segment constants.bin.
#pragma once

#include <filesystem>
#include <string>

#include "plugins/qaic/qpc/container.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::qaic::standin {

/// Rounds each float32 to the nearest float16 value, in place: what remains of it in the card's memory.
void round_to_half(char* bytes, size_t floats);

/// Points the model's external data into constants.bin and gives that segment, which streams the files. With
/// `fp16` float32 values are rounded on the way, those inside the model at once. Throws kNotSupported for
/// bfloat16, kNotFound and kIo for files, kCorruptData for a range that leaves its file or does not fill its
/// tensor.
SegmentSource move_constants(graph::Model& model, const std::filesystem::path& folder, bool fp16);

}  // namespace tessera::qaic::standin
