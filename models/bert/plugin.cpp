/// The plugin `bert`: registers the architecture of bert.hpp.
#include "tessera/sdk/plugin.hpp"

#include <string>
#include <vector>

#include "models/bert/bert.hpp"

namespace tessera::bert {

class Bert : public sdk::Architecture {
 public:
  std::string id() const override { return "bert"; }
  std::string summary() const override {
    return "BERT and what shares its graph, with the heads of its classes";
  }
  std::vector<std::string> model_types() const override { return {"bert"}; }

  sdk::Recognition recognise(std::string_view config) const override {
    if (blocks::Config::parse(config).text("model_type", "") != "bert") return {};
    return {100, "model_type is 'bert'"};
  }

  graph::Model build(const sdk::BuildArgs& args) const override {
    return build_bert(args.config, args.weights, args.task, args.host);
  }
};

}  // namespace tessera::bert

TESSERA_PLUGIN("bert", "0.1.0", "Apache-2.0", "Tessera", tessera::sdk::architecture<tessera::bert::Bert>())
