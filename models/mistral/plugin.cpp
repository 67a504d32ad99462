/// The plugin `mistral`: registers the architecture of mistral.hpp.
#include "tessera/sdk/plugin.hpp"

#include <string>
#include <vector>

#include "models/mistral/mistral.hpp"

namespace tessera::mistral {

class Mistral : public sdk::Architecture {
 public:
  std::string id() const override { return "mistral"; }
  std::string summary() const override { return "Mistral and what shares its graph"; }
  std::vector<std::string> model_types() const override { return {"mistral"}; }

  sdk::Recognition recognise(std::string_view config) const override {
    if (blocks::Config::parse(config).text("model_type", "") != "mistral") return {};
    return {100, "model_type is 'mistral'"};
  }

  graph::Model build(const sdk::BuildArgs& args) const override {
    return build_mistral(args.config, args.weights, args.task, args.host);
  }
};

}  // namespace tessera::mistral

TESSERA_PLUGIN("mistral", "0.1.0", "Apache-2.0", "Tessera",
               tessera::sdk::architecture<tessera::mistral::Mistral>())
