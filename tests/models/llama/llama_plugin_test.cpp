// The built plugin, loaded as the host loads it: what it says of itself, and that its graph is build_llama's.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "core/plugin/registry.hpp"
#include "models/llama/llama.hpp"
#include "tensor_directory.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::llama {
namespace {

class LlamaPlugin : public testing::Test {
 protected:
  static plugin::Search search() {
    plugin::Search search;
    search.named.push_back({std::getenv("TESSERA_TEST_LLAMA_PLUGIN"), "test"});
    return search;
  }
  PluginRegistry registry_{search()};
};

TEST_F(LlamaPlugin, ServesModelTypeLlama) {
  EXPECT_EQ(registry_.select_architecture(R"({"model_type": "llama"})").id(), "llama");
  EXPECT_EQ(registry_.select_architecture(R"({"model_type": "llama"})")
                .recognise(R"({"model_type": "llama"})")
                .score,
            100);
}

TEST_F(LlamaPlugin, LeavesOtherModelsToOthers) {
  for (const char* config : {R"({"model_type": "mistral"})", R"({"model_type": null})", "{}"}) {
    EXPECT_EQ(registry_.architectures().at(0).recognise(config).score, 0) << config;
  }
}

TEST_F(LlamaPlugin, GivesTheGraphAsBytes) {
  const std::string name = "llama3-tiny";
  models::TensorDirectory directory;
  directory.add_folder(models::model_folder(name));
  const models::ListeningHost host;
  const std::string config = models::config_text(name);
  const sdk::Weights weights = directory.weights();
  plugin::BuildRequest request;
  request.config = config;
  request.weights = weights.table();
  EXPECT_TRUE(registry_.architectures().at(0).build(request) ==
              graph::write_model(build_llama(config, weights, "causal-lm", host.host())));
}

TEST_F(LlamaPlugin, HandsItsErrorsOverWhole) {
  plugin::BuildRequest request;
  request.config = R"({"model_type": "llama", "vocab_size": "many"})";
  try {
    registry_.architectures().at(0).build(request);
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "'vocab_size' is a string, expected an integer");
    EXPECT_EQ(error.file_name(), "config.json");
    EXPECT_EQ(error.key_name(), "vocab_size");
  }
}

}  // namespace
}  // namespace tessera::llama
