/// The plugin `llama`: registers the architecture of llama.hpp.
#include "tessera/sdk/plugin.hpp"

#include <string>
#include <vector>

#include "models/llama/llama.hpp"

namespace tessera::llama {

class Llama : public sdk::Architecture {
 public:
  std::string id() const override { return "llama"; }
  std::string summary() const override { return "Llama 1 to 3 and what shares their graph"; }
  std::vector<std::string> model_types() const override { return {"llama"}; }

  sdk::Recognition recognise(std::string_view config) const override {
    if (blocks::Config::parse(config).text("model_type", "") != "llama") return {};
    return {100, "model_type is 'llama'"};
  }

  graph::Model build(const sdk::BuildArgs& args) const override {
    return build_llama(args.config, args.weights, args.task, args.host);
  }
};

}  // namespace tessera::llama

TESSERA_PLUGIN("llama", "0.1.0", "Apache-2.0", "Tessera", tessera::sdk::architecture<tessera::llama::Llama>())
