/// The part of device-sampler that remembers which tokens were seen, in retained state.
#pragma once

#include <string>

#include "sampler_writer.hpp"

namespace tessera::transforms {

/// What the rows' buffers hold after this call, [batch, vocab] bool each.
struct SeenTokens {
  std::string repetition;  ///< in prompt or output
  std::string presence;    ///< in the output
};

/// Writes the nodes that mark the tokens of this call and make both buffers' _RetainedState. Every index lies
/// within its tensor: padding marks a spare token that is cut off, and a buffer row that no used row of the
/// call names is copied as it is.
SeenTokens write_buffers(SamplerWriter& writer, const SamplerShapes& shapes);

}  // namespace tessera::transforms
