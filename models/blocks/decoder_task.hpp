/// What a decoder's checkpoint is for.
#pragma once

#include <string_view>

#include "models/blocks/config.hpp"

namespace tessera::blocks {

enum class DecoderTask {
  kCausalLm,                ///< <Class>ForCausalLM, <Class>LMHeadModel, the bare <Class>Model
  kSequenceClassification,  ///< <Class>ForSequenceClassification
};

/// `task` is a name of tessera.task; empty: what `architectures` says, and a causal language model when that
/// says nothing. Throws kNotSupported for another task, another class, and for quantized weights.
DecoderTask read_decoder_task(const Config& config, std::string_view task);

/// The name in tessera.task.
std::string_view task_name(DecoderTask task);

}  // namespace tessera::blocks
