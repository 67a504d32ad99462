#include "models/llama/llama.hpp"

#include "models/blocks/decoder_task.hpp"

namespace tessera::llama {

blocks::GatedDecoderConfig read_config(const blocks::Config& config) {
  using blocks::Bias;
  blocks::GatedDecoderConfig c = read_gated_decoder(config, {.max_position_embeddings = 2048});
  c.attention.qkv_bias = c.attention.output_bias =
      config.flag("attention_bias", false) ? Bias::kAdded : Bias::kNone;
  c.mlp.bias = config.flag("mlp_bias", false) ? Bias::kAdded : Bias::kNone;
  return c;
}

graph::Model build_llama(std::string_view config_text, const sdk::Weights& weights, std::string_view task,
                         const sdk::Host& host) {
  const blocks::Config config = blocks::Config::parse(config_text);
  return build_gated_decoder("llama", config, read_config(config), blocks::read_decoder_task(config, task),
                             weights, host);
}

}  // namespace tessera::llama
