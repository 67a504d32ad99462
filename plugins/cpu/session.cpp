#include "session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "plugins/cpu/threads/float_environment.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

constexpr uint64_t kMostTokens = uint64_t{1} << 31;  // of a slot; the products below stay within int64
constexpr uint32_t kMostSlots = 1u << 20;

int64_t checked_ctx_len(const CpuProgram& program, const sdk::SessionArgs& args) {
  if (program.caches().empty()) return 0;
  if (args.slots < 1 || args.slots > kMostSlots) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the program retains state: a session has 1 to {} slots, not {}", kMostSlots,
                            args.slots));
  }
  if (args.ctx_len < 1 || args.ctx_len > kMostTokens) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a slot holds 1 to {} tokens, not {}", kMostTokens, args.ctx_len))
        .key("ctx_len");
  }
  return static_cast<int64_t>(args.ctx_len);
}

KvLimits kv_limits(const CpuProgram& program, const sdk::SessionArgs& args) {
  KvLimits limits;
  limits.ctx_len = checked_ctx_len(program, args);
  limits.memory_bytes = not_negative(args.options, "kv-memory");
  if (limits.memory_bytes == 0) limits.memory_bytes = program.kv_memory();
  if (program.caches().empty()) return limits;
  limits.slots = args.slots;
  limits.window = program.window();
  limits.max_rows = static_cast<int64_t>(std::min(args.max_rows, kMostTokens));
  return limits;
}

exec::Dims dims_of(const sdk::TensorView& tensor) {
  return exec::Dims(tensor.dims(), tensor.rank());
}

Error bad_output(std::string_view name, std::string message) {
  return Error(ErrorCode::kInvalidArgument, fmt::format("output '{}' {}", name, message)).key(name);
}

}  // namespace

CpuSession::CpuSession(const CpuProgram& program, const sdk::SessionArgs& args)
    : program_(program),
      max_rows_(args.max_rows),
      kv_(kv_limits(program, args), program.caches()),
      step_{program.kernels(), program.pool(), program.weights(), kv_, {}, {}, {}, {}},
      workspace_(program.plan()) {}

void CpuSession::run(const sdk::RunArgs& args) {
  program_.rules().check(args, slots() == nullptr ? nullptr : &kv_, max_rows_, step_.rows);
  find_outputs(args);
  find_runs(step_.rows, step_.runs);
  own_blocks();
  const std::vector<exec::Value> results = compute(args);
  for (uint64_t i = 0; i < args.output_count(); ++i) {
    const sdk::TensorView given = args.output(i);
    const exec::Tensor& made = results[outputs_[i]].tensor();
    if (made.dims() != dims_of(given)) {
      throw bad_output(given.name(), fmt::format("has shape {}, the caller gave {}", made.dims().text(),
                                                 dims_of(given).text()));
    }
    if (made.size_bytes() > 0) std::memcpy(given.data(), made.bytes(), made.size_bytes());
  }
  keep_written();
}

std::vector<exec::Value> CpuSession::compute(const sdk::RunArgs& args) {
  std::vector<exec::Value> inputs;
  inputs.reserve(program_.plan().inputs().size());
  for (const graph::ValueInfo& info : program_.plan().inputs()) {
    if (!program_.rules().takes(info.name)) {  // an initializer that is listed as an input, too
      inputs.emplace_back();
      continue;
    }
    const sdk::TensorView given = args.input(info.name);
    inputs.emplace_back(exec::Tensor::borrow(given.dtype(), dims_of(given), given.data()));
  }
  exec::RunOptions options;
  options.wanted = wanted_;
  options.user = &step_;
  const FloatEnvironment float_environment;
  return program_.plan().run(workspace_, inputs, options);
}

void CpuSession::find_outputs(const sdk::RunArgs& args) {
  outputs_.clear();
  for (uint64_t i = 0; i < args.output_count(); ++i) {
    const sdk::TensorView given = args.output(i);
    const size_t index = program_.plan().output_index(given.name());
    check_declared_shape(given, program_.plan().outputs()[index]);
    outputs_.push_back(index);
  }
  wanted_ = outputs_;
  wanted_.insert(wanted_.end(), program_.written_outputs().begin(), program_.written_outputs().end());
}

// What can be known before the step is refused before the step.
void CpuSession::check_declared_shape(const sdk::TensorView& given, const graph::ValueInfo& declared) const {
  const exec::Dims dims = dims_of(given);
  if (declared.dtype != graph::DataType::kUndefined && given.dtype() != declared.dtype) {
    throw bad_output(given.name(),
                     fmt::format("has dtype {}, the caller gave {}", graph::dtype_name(declared.dtype),
                                 graph::dtype_name(given.dtype())));
  }
  const uint64_t bytes = static_cast<uint64_t>(dims.product()) * graph::element_size(given.dtype());
  if (bytes != given.bytes()) {
    throw bad_output(given.name(), fmt::format("of shape {} has {} bytes, the caller gave {}", dims.text(),
                                               bytes, given.bytes()));
  }
  if (!declared.has_shape) return;
  bool fits = given.rank() == declared.shape.size();
  for (uint64_t i = 0; fits && i < given.rank(); ++i) {
    const graph::Dimension& dim = declared.shape[i];
    const auto known = step_.rows.symbols.find(dim.symbol);
    const int64_t expected = dim.value >= 0                      ? dim.value
                             : known != step_.rows.symbols.end() ? known->second
                                                                 : given.dim(i);
    fits = given.dim(i) == expected;
  }
  if (!fits)
    throw bad_output(given.name(), fmt::format("does not have the shape {} in this step", dims.text()));
}

void CpuSession::own_blocks() {
  for (const RowRun& run : step_.runs) kv_.prepare(run.slot, run.position, run.position + run.rows);
}

void CpuSession::keep_written() {
  for (const RowRun& run : step_.runs) kv_.grow(run.slot, run.position + run.rows);
}

void CpuSession::reserve(uint32_t slot, uint64_t tokens) {
  kv_.reserve(slot, static_cast<int64_t>(std::min(tokens, kMostTokens + 1)));
}

void CpuSession::truncate(uint32_t slot, uint64_t tokens) {
  kv_.truncate(slot, static_cast<int64_t>(std::min(tokens, kMostTokens)));
}

void CpuSession::fork(uint32_t from, uint32_t to, uint64_t tokens) {
  kv_.fork(from, to, static_cast<int64_t>(std::min(tokens, kMostTokens)));
}

sdk::Value CpuSession::property(std::string_view key) const {
  if (key == "kv.free_tokens") return sdk::Value(kv_.free_tokens());
  if (key == "kv.slot_tokens") return sdk::Value(kv_.slot_tokens());
  if (key == "kv.bytes") return sdk::Value(kv_.bytes());
  throw sdk::unknown_property(key);
}

}  // namespace tessera::cpu
