#include "models/mistral/mistral.hpp"

#include "models/blocks/decoder_task.hpp"

namespace tessera::mistral {

blocks::GatedDecoderConfig read_config(const blocks::Config& config) {
  blocks::GatedDecoderConfig c =
      read_gated_decoder(config, {.max_position_embeddings = 4096 * 32, .num_key_value_heads = 8});
  // null says that there is no window; a config.json that does not mention it means the first Mistral's.
  if (config.has("sliding_window") || !config.mentions("sliding_window")) {
    c.attention.sliding_window = config.size("sliding_window", 4096);
  }
  return c;
}

graph::Model build_mistral(std::string_view config_text, const sdk::Weights& weights, std::string_view task,
                           const sdk::Host& host) {
  const blocks::Config config = blocks::Config::parse(config_text);
  return build_gated_decoder("mistral", config, read_config(config), blocks::read_decoder_task(config, task),
                             weights, host);
}

}  // namespace tessera::mistral
