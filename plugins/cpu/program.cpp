#include "program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "ops/ops.hpp"
#include "session.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"
#include "thread_pools.hpp"

namespace tessera::cpu {
namespace {

// A model whose weights lie in one core's caches finishes a step sooner than a second thread helps: each of
// its layers would wait for the other thread longer than it computes.
constexpr int64_t kOneThreadBytes = int64_t{4} << 20;

// Weights that plain operators read are copied once, aligned: views of the checkpoint end with the
// compilation.
exec::Tensor copy_weight(const graph::Tensor& tensor, const sdk::CompileArgs& args, int64_t& bytes) {
  exec::Tensor copy = exec::Tensor::allocate(tensor.dtype, tensor.dims);
  if (copy.size_bytes() != tensor.external->length) {
    throw Error(ErrorCode::kCorruptData,
                fmt::format("tensor '{}' of shape {} and dtype {} has {} bytes, expected {}", tensor.name,
                            copy.dims().text(), graph::dtype_name(tensor.dtype), tensor.external->length,
                            copy.size_bytes()))
        .key(tensor.name)
        .file(tensor.external->location);
  }
  const sdk::Buffer mapped = args.weights.map(*tensor.external);
  if (copy.size_bytes() > 0) std::memcpy(copy.mutable_bytes(), mapped.data(), copy.size_bytes());
  args.weights.drop(*tensor.external);
  bytes += static_cast<int64_t>(copy.size_bytes());
  args.progress.report(static_cast<uint64_t>(bytes), 0, "reading weights");
  return copy;
}

exec::Plan compile_plan(const graph::Model& model, const sdk::CompileArgs& args, int64_t& plain_bytes) {
  exec::CompileOptions options;
  options.registry = &cpu_registry();
  options.weights = [&](const graph::Tensor& tensor) { return copy_weight(tensor, args, plain_bytes); };
  return exec::Plan::compile(model, options);
}

int threads_for(const ProgramConfig& config, int64_t weight_bytes) {
  return !config.threads_given && weight_bytes <= kOneThreadBytes ? 1 : config.threads;
}

int64_t total_bytes(const std::vector<WeightSpec>& weights) {
  int64_t total = 0;
  for (const WeightSpec& weight : weights) total += stored_bytes(weight);
  return total;
}

}  // namespace

int64_t not_negative(const sdk::Options& options, const std::string& name) {
  const int64_t value = options.integer(name);
  if (value >= 0) return value;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("option '{}' is {}, expected 0 or more", name, value))
      .key(name);
}

CpuProgram::CpuProgram(const sdk::CompileArgs& args, const ProgramConfig& config)
    : CpuProgram(args, config, lower(graph::read_model(args.model))) {}

CpuProgram::CpuProgram(const sdk::CompileArgs& args, const ProgramConfig& config, LoweredModel lowered)
    : kernels_(cpu::kernels(config.isa)),
      rules_(std::move(lowered.rules)),
      caches_(std::move(lowered.caches)),
      window_(lowered.window),
      kv_memory_(config.kv_memory),
      plan_(compile_plan(lowered.model, args, plain_bytes_)),
      pool_(shared_pool(threads_for(config, total_bytes(lowered.weights)))),
      weights_(PackedWeights::load(lowered.weights, args.weights, args.progress, *pool_)) {
  for (size_t i = 0; i < plan_.outputs().size(); ++i) {
    if (plan_.outputs()[i].name.rfind(kWrittenPrefix, 0) == 0) written_outputs_.push_back(i);
  }
}

std::vector<sdk::OptionInfo> CpuProgram::session_options() const {
  return {{"kv-memory", sdk::ValueType::kInt64, "0",
           "bytes of keys and values of all slots together; 0 = what the program was compiled with"}};
}

std::unique_ptr<sdk::Session> CpuProgram::create_session(const sdk::SessionArgs& args) {
  return std::make_unique<CpuSession>(*this, args);
}

sdk::Value CpuProgram::property(std::string_view key) const {
  if (key == "weights.bytes") return sdk::Value(weights_.bytes() + plain_bytes_);
  if (key == "kv.bytes_per_token") return sdk::Value(kv_bytes_per_token(caches_));
  if (key == "isa") return sdk::Value(std::string(isa_name(kernels_.isa)));
  if (key == "threads") return sdk::Value(int64_t{pool_->size()});
  throw sdk::unknown_property(key);
}

}  // namespace tessera::cpu
