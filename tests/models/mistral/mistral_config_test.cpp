// What Mistral's config.json means where it is silent: Hugging Face's MistralConfig tells absent keys from
// null ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "models/mistral/mistral.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::mistral {
namespace {

blocks::GatedDecoderConfig read(const std::string& more) {
  return read_config(blocks::Config::parse(
      R"({"model_type": "mistral", "vocab_size": 10, "hidden_size": 64, "num_hidden_layers": 1,
          "num_attention_heads": 16, "intermediate_size": 6)" +
      more + "}"));
}

TEST(MistralConfig, TellsAbsentKeysFromNull) {
  EXPECT_EQ(read("").attention.sliding_window, 4096);
  EXPECT_EQ(read(R"(, "sliding_window": null)").attention.sliding_window, 0);
  EXPECT_EQ(read(R"(, "sliding_window": 7)").attention.sliding_window, 7);
  EXPECT_EQ(read("").attention.num_key_value_heads, 8);
  EXPECT_EQ(read(R"(, "num_key_value_heads": null)").attention.num_key_value_heads, 16);
  EXPECT_EQ(read(R"(, "head_dim": null)").attention.head_dim, 4);
  EXPECT_EQ(read(R"(, "head_dim": 32)").attention.head_dim, 32);
  EXPECT_EQ(read("").rope.max_positions, 131072);
}

TEST(MistralConfig, RefusesWhatIsNoWindow) {
  for (const char* window : {"0", "-1", "1.5", "\"big\""}) {
    try {
      read(std::string(R"(, "sliding_window": )") + window);
      FAIL() << window;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("sliding_window")) << window;
    }
  }
}

}  // namespace
}  // namespace tessera::mistral
