/// Mistral (arXiv:2310.06825): the gated decoder with a sliding window. Serves everything that calls itself
/// model_type "mistral": Mistral 7B in all versions, Mistral Nemo, Zephyr, ...
#pragma once

#include <string_view>

#include "models/blocks/config.hpp"
#include "models/blocks/gated_decoder.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::mistral {

/// Defaults for absent keys are those of Hugging Face's MistralConfig (a window of 4096 and 8 key-value heads
/// among them), but the sizes of the model have none. Throws as read_gated_decoder.
blocks::GatedDecoderConfig read_config(const blocks::Config& config);

/// The pure graph of build_gated_decoder. `config_text` is config.json; `task` as read_decoder_task takes it.
/// Throws Error naming keys or tensors. Any thread.
graph::Model build_mistral(std::string_view config_text, const sdk::Weights& weights, std::string_view task,
                           const sdk::Host& host);

}  // namespace tessera::mistral
