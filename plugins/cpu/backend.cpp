#include "backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "machine_limits.hpp"
#include "ops/ops.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::cpu {
namespace {

constexpr const char* kAuto = "auto";

struct IsaChoice {
  Isa isa;
  std::string reason;
};

// An option pins a tier for one program, the environment for the process.
IsaChoice choose_isa(std::string_view option) {
  if (option != kAuto) return {parse_isa(option), fmt::format("the option isa asks for {}", option)};
  const char* pinned = std::getenv("TESSERA_ISA");
  if (pinned != nullptr && *pinned != '\0')
    return {parse_isa(pinned), fmt::format("TESSERA_ISA asks for {}", pinned)};
  const IsaSupport support = detect();
  return {support.best, support.reason};
}

ProgramConfig config_of(const sdk::CompileArgs& args) {
  const int64_t threads = not_negative(args.options, "threads");
  ProgramConfig config;
  config.isa = choose_isa(args.options.text("isa")).isa;
  config.kv_memory = not_negative(args.options, "kv-memory");
  config.threads_given = threads > 0;
  const int64_t budget = std::max(1, args.host.thread_budget());
  config.threads = static_cast<int>(threads > 0 ? std::min(threads, budget) : budget);
  return config;
}

}  // namespace

std::string CpuBackend::summary() const {
  return "runs on the processor: any graph, bits that do not depend on the batch";
}

std::vector<sdk::OptionInfo> CpuBackend::options() const {
  return {
      {"threads", sdk::ValueType::kInt64, "0", "threads that a step uses at most; 0 = what the host allows"},
      {"isa", sdk::ValueType::kText, kAuto,
       "instruction set tier: portable, avx2, avx512; auto = TESSERA_ISA, else the best of this machine"},
      {"kv-memory", sdk::ValueType::kInt64, "0",
       "bytes of keys and values that a session takes at most; 0 = what its slots and their context need"}};
}

sdk::Value CpuBackend::property(std::string_view key) const {
  using sdk::Value;
  if (key == "functions.claimed") return Value(claimed_functions());
  if (key == "passes.default") return Value(Value::Texts{"kv-cache", "slots", "select-logits"});
  if (key == "passes.encoder") return Value(Value::Texts{"pack-rows"});
  if (key == "batch.ragged" || key == "bits.shape_invariant") return Value(true);
  if (key == "dtypes.weights") return Value(Value::Ints{TSR_FLOAT, TSR_FLOAT16, TSR_BFLOAT16});
  if (key == "isa") return Value(std::string(isa_name(choose_isa(kAuto).isa)));
  if (key == "isa.reason") return Value(choose_isa(kAuto).reason);
  if (key == "isa.available") {
    Value::Texts names;
    for (const Isa isa : detect().available) names.emplace_back(isa_name(isa));
    return Value(std::move(names));
  }
  throw sdk::unknown_property(key);
}

const void* CpuBackend::interface(std::string_view id) const {
  return id == TSR_INTERFACE_MACHINE_LIMITS ? machine_limits() : nullptr;
}

void CpuBackend::check(const sdk::CompileArgs& args) const {
  LoweredModel lowered = lower(graph::read_model(args.model));
  exec::CompileOptions options;
  options.registry = &cpu_registry();
  options.weights = [&](const graph::Tensor& tensor) {
    auto mapped = std::make_shared<sdk::Buffer>(args.weights.map(*tensor.external));
    return exec::Tensor::borrow(tensor.dtype, tensor.dims, mapped->data(), mapped);
  };
  exec::Plan::compile(lowered.model, options);
}

std::unique_ptr<sdk::Program> CpuBackend::compile(const sdk::CompileArgs& args) const {
  return std::make_unique<CpuProgram>(args, config_of(args));
}

}  // namespace tessera::cpu
