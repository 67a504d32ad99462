/// Llama (arXiv:2302.13971, 2307.09288, 2407.21783): the gated decoder with biases by option. Serves
/// everything that calls itself model_type "llama": Llama 1 to 3, SmolLM, TinyLlama, Yi, Vicuna, ...
#pragma once

#include <string_view>

#include "models/blocks/config.hpp"
#include "models/blocks/gated_decoder.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::llama {

/// Defaults for absent keys are those of Hugging Face's LlamaConfig, but the sizes of the model have none.
/// Throws as read_gated_decoder.
blocks::GatedDecoderConfig read_config(const blocks::Config& config);

/// The pure graph of build_gated_decoder. `config_text` is config.json; `task` as read_decoder_task takes it.
/// Throws Error naming keys or tensors. Any thread.
graph::Model build_llama(std::string_view config_text, const sdk::Weights& weights, std::string_view task,
                         const sdk::Host& host);

}  // namespace tessera::llama
