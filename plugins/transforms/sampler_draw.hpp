/// The part of device-sampler that draws: penalties, candidates, top-k, top-p, min-p and noise.
#pragma once

#include "sampler_buffers.hpp"
#include "sampler_writer.hpp"

namespace tessera::transforms {

/// Writes the nodes from `logits` [batch, 1, vocab] to the output next_tokens.
void write_draw(SamplerWriter& writer, const SamplerShapes& shapes, const std::string& logits,
                const SeenTokens& seen);

}  // namespace tessera::transforms
