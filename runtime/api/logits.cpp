#include <algorithm>
#include <chrono>
#include <numeric>

#include "runtime/api/model_impl.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

NamedTensor make_tensor(std::string name, int64_t rows, int64_t width) {
  NamedTensor tensor{std::move(name), {rows, width}, {}};
  tensor.data.resize(static_cast<size_t>(rows * width));
  return tensor;
}

std::vector<NamedTensor> make_outputs(const CompiledModel& compiled, int64_t rows, int64_t vocab,
                                      bool hidden) {
  std::vector<NamedTensor> tensors;
  tensors.push_back(make_tensor("logits", rows, vocab));
  if (!hidden) return tensors;
  for (const ExposedValue& value : compiled.exposed())
    tensors.push_back(make_tensor(value.name, rows, value.width));
  return tensors;
}

/// The pure graph: all positions in one run, without slots.
void run_whole(const CompiledModel& compiled, const std::vector<int64_t>& ids, bool rope_length,
               std::vector<NamedTensor>& tensors) {
  const auto rows = static_cast<int64_t>(ids.size());
  std::vector<int64_t> tokens = ids, positions(ids.size()), lengths(ids.size(), rows);
  std::iota(positions.begin(), positions.end(), 0);
  const auto integers = [&](std::string_view name, std::vector<int64_t>& values) {
    return plugin::RunTensor{
        name, graph::DataType::kInt64, {1, rows}, values.data(), values.size() * sizeof(int64_t)};
  };
  std::vector<plugin::RunTensor> inputs{integers("input_ids", tokens), integers("position_ids", positions)};
  if (rope_length) inputs.push_back(integers("rope_length", lengths));
  std::vector<plugin::RunTensor> outputs;
  for (NamedTensor& tensor : tensors) {
    outputs.push_back({tensor.name,
                       graph::DataType::kFloat,
                       {1, rows, tensor.dims[1]},
                       tensor.data.data(),
                       tensor.data.size() * sizeof(float)});
  }
  plugin::Session session = compiled.program().create_session(
      {.slots = 0, .ctx_len = ids.size(), .max_rows = ids.size(), .options = {}});
  session.run(inputs, outputs);
}

}  // namespace

std::vector<NamedTensor> AutoModelForCausalLM::logits(const Prompt& prompt, const LogitsOptions& options) {
  const std::vector<int64_t> ids = impl_->ids_of(prompt, options.add_special_tokens);
  const CompiledModel& compiled = impl_->ensure_compiled();
  const GraphFacts& facts = impl_->loaded.facts();
  if (options.hidden_states && compiled.exposed().empty()) {
    throw Error(ErrorCode::kMisuse, "hidden states are not among the outputs of the compiled graph")
        .remedy("compile with expose_values = {\"hidden.*\"}");
  }
  const auto count = static_cast<int64_t>(ids.size());
  std::vector<NamedTensor> tensors = make_outputs(compiled, count, facts.vocab_size, options.hidden_states);
  const int64_t context = impl_->context_for({{ids}}, 0);
  if (compiled.stateless()) {
    run_whole(compiled, ids, facts.rope_length, tensors);
    return tensors;
  }

  BackendSession& session = impl_->session(1, context);
  size_t chunk = 0;
  for (int64_t begin = 0, rows = 0; begin < count; begin += rows, ++chunk) {
    const bool stop =
        options.progress && !options.progress("logits", static_cast<uint64_t>(begin), ids.size());
    if (stop || options.cancel.stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
    const auto most = static_cast<int64_t>(kMaxRows);
    rows = options.chunks.empty() ? most : options.chunks[std::min(chunk, options.chunks.size() - 1)];
    rows = std::min({rows, count - begin, most});
    std::vector<Row> step;
    for (int64_t i = begin; i < begin + rows; ++i) step.push_back({ids[static_cast<size_t>(i)], i, 0, count});
    std::vector<int64_t> all(static_cast<size_t>(rows));
    std::iota(all.begin(), all.end(), 0);
    std::vector<StepOutput> outputs;
    for (NamedTensor& tensor : tensors) {
      outputs.push_back(
          {tensor.name, {rows, 1, tensor.dims[1]}, tensor.data.data() + begin * tensor.dims[1]});
    }
    session.run(step, all, outputs);
  }
  return tensors;
}

AutoModelForCausalLM::StepTimes AutoModelForCausalLM::time_steps(int64_t prompt_tokens, int64_t new_tokens,
                                                                 const std::stop_token& cancel) {
  using Clock = std::chrono::steady_clock;
  const int64_t vocab = impl_->loaded.facts().vocab_size;
  BackendSession& session = impl_->session(1, std::max<int64_t>(prompt_tokens + new_tokens, 1));
  std::vector<float> logits(static_cast<size_t>(vocab));
  int64_t position = 0;
  const auto run = [&](int64_t rows) {
    if (cancel.stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
    std::vector<Row> step;
    for (int64_t i = 0; i < rows; ++i, ++position) {
      step.push_back({(position * 7919 + 1) % vocab, position, 0, std::max(prompt_tokens, position + 1)});
    }
    const int64_t last = rows - 1;
    const StepOutput output{"logits", {1, 1, vocab}, logits.data()};
    session.run(step, {&last, 1}, {&output, 1});
  };
  StepTimes times;
  Clock::time_point start = Clock::now();
  while (position < prompt_tokens) run(std::min<int64_t>(prompt_tokens - position, kMaxRows));
  times.prompt_s = std::chrono::duration<double>(Clock::now() - start).count();
  start = Clock::now();
  for (int64_t i = 0; i < new_tokens; ++i) run(1);
  times.decode_s = std::chrono::duration<double>(Clock::now() - start).count();
  return times;
}

}  // namespace tessera
