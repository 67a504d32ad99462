// Through the SDK exceptions become statuses; past it, in `property`, one gets out.
#include <new>
#include <stdexcept>
#include <string>

#include "tessera/sdk/plugin.hpp"

namespace {

namespace sdk = tessera::sdk;

struct Throws : sdk::Transform {
  std::string id() const override { return "throws"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "throws what its option says"; }
  std::vector<sdk::OptionInfo> options() const override {
    return {{"what", sdk::ValueType::kText, "", "error, exception, memory or int"}};
  }
  std::optional<std::string> apply_bytes(std::string_view, const sdk::TransformArgs& args) const override {
    const std::string& what = args.options.text("what");
    if (what == "exception") throw std::out_of_range("row 7 of 4");
    if (what == "memory") throw std::bad_alloc();
    if (what == "int") throw 42;
    throw tessera::Error(tessera::ErrorCode::kNotSupported, "bias is not supported")
        .node("layers.0/mlp")
        .during("fusing 'layers.0/mlp'")
        .remedy("drop the pass");
  }
};

tsr_status* property_that_throws(const tsr_host*, tsr_str, tsr_value*) {
  throw std::runtime_error("unplugged");
}

struct Unused : sdk::Backend {
  std::string id() const override { return "throws"; }
  std::string summary() const override { return "its property function is replaced by one without a guard"; }
  sdk::Value property(std::string_view key) const override { throw sdk::unknown_property(key); }
  std::unique_ptr<sdk::Program> compile(const sdk::CompileArgs&) const override { return nullptr; }
};

sdk::Registration unguarded() {
  static tsr_backend table = *sdk::backend<Unused>().backend;
  table.property = property_that_throws;
  sdk::Registration made;
  made.backend = &table;
  return made;
}

}  // namespace

TESSERA_PLUGIN("throws", "0.1.0", "Apache-2.0", "Tests", sdk::transform<Throws>(), unguarded())
