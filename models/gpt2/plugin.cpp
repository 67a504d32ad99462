/// The plugin `gpt2`: registers the architecture of gpt2.hpp.
#include "tessera/sdk/plugin.hpp"

#include <string>
#include <vector>

#include "models/gpt2/gpt2.hpp"

namespace tessera::gpt2 {

class Gpt2 : public sdk::Architecture {
 public:
  std::string id() const override { return "gpt2"; }
  std::string summary() const override { return "GPT-2 and what shares its graph"; }
  std::vector<std::string> model_types() const override { return {"gpt2"}; }

  sdk::Recognition recognise(std::string_view config) const override {
    if (blocks::Config::parse(config).text("model_type", "") != "gpt2") return {};
    return {100, "model_type is 'gpt2'"};
  }

  graph::Model build(const sdk::BuildArgs& args) const override {
    return build_gpt2(args.config, args.weights, args.task, args.host);
  }
};

}  // namespace tessera::gpt2

TESSERA_PLUGIN("gpt2", "0.1.0", "Apache-2.0", "Tessera", tessera::sdk::architecture<tessera::gpt2::Gpt2>())
