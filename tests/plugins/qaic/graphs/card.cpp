#include "tests/plugins/qaic/graphs/card.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "runtime/model/compiled_model.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::qaic {
namespace {

using plugin::RunTensor;

RunTensor ints(std::string_view name, std::vector<int64_t> dims, std::vector<int64_t>& values) {
  return {name, graph::DataType::kInt64, std::move(dims), values.data(), values.size() * sizeof(int64_t)};
}
RunTensor floats(std::string_view name, std::vector<int64_t> dims, std::vector<float>& values) {
  return {name, graph::DataType::kFloat, std::move(dims), values.data(), values.size() * sizeof(float)};
}

plugin::Program compile(LoadedModel& model, const graph::Model& graph) {
  const std::string bytes = graph::write_model(graph);
  return model.registry().find_backend("cpu").compile(
      {bytes, model.info().folder, model.weights(), {{"threads", "1"}}, {}});
}

}  // namespace

LoadedModel& tiny_model(const std::string& name) {
  static std::map<std::string, std::unique_ptr<LoadedModel>> loaded;
  std::unique_ptr<LoadedModel>& model = loaded[name];
  if (!model) {
    const char* data = std::getenv("TESSERA_TEST_DATA");
    model = std::make_unique<LoadedModel>(std::string(data ? data : "tests") + "/data/models/" + name,
                                          LoadOptions{});
  }
  return *model;
}

graph::Model graph_after(LoadedModel& model, const std::vector<GraphPass>& passes) {
  std::vector<Pass> list;
  for (const GraphPass& pass : passes) list.push_back({pass.id, pass.options});
  return graph::read_model(run_passes(model, list, {}));
}

Card::Card(LoadedModel& model, graph::Model graph, int64_t slots, int64_t ctx_len, bool inlined)
    : graph_(std::move(graph)), vocab_(model.facts().vocab_size) {
  for (const graph::ValueInfo& input : graph_.graph.inputs) {
    if (input.dtype == graph::DataType::kBool &&
        graph::has_output(graph_.graph, input.name + "_RetainedState"))
      buffers_[input.name] = {{slots, vocab_}, std::vector<uint8_t>(static_cast<size_t>(slots * vocab_), 1)};
    if (input.shape.size() != 4) continue;
    State state{{slots, input.shape[1].value, ctx_len, input.shape[3].value}, {}};
    // What lies in a state that nobody has written must not matter.
    state.values.assign(static_cast<size_t>(slots * state.dims[1] * ctx_len * state.dims[3]), 1e4f);
    states_[input.name] = std::move(state);
  }
  if (inlined) graph::inline_functions(graph_);
  program_.emplace(compile(model, graph_));
  session_.emplace(program_->create_session({0, 0, 1 << 20, {}}));
}

namespace {

/// Columns of a call as the graph takes them.
struct Columns {
  int64_t rows, seq;
  std::vector<int64_t> ids, positions, slots, keep, lengths;
  std::vector<float> ones, zeros, uniforms;
  std::vector<int32_t> top_ks;

  Columns(const CardCall& call, int64_t candidates)
      : rows(static_cast<int64_t>(call.rows.size())),
        seq(call.seq),
        keep(static_cast<size_t>(call.keep)),
        lengths(static_cast<size_t>(call.length)),
        ones(call.rows.size(), 1.0f),
        zeros(call.rows.size(), 0.0f),
        uniforms(call.rows.size() * static_cast<size_t>(candidates), 0.5f),
        top_ks(call.rows.size()) {
    for (const CardRow& row : call.rows) seq = std::max(seq, static_cast<int64_t>(row.ids.size()));
    for (const CardRow& row : call.rows) {
      for (size_t i = 0; i < static_cast<size_t>(seq); ++i) {
        ids.push_back(i < row.ids.size() ? row.ids[i] : 0);
        positions.push_back(i < row.positions.size() ? row.positions[i] : -1);
      }
      slots.push_back(row.slot);
    }
  }

  std::map<std::string, RunTensor> tensors(const CardCall& call, int64_t candidates) {
    return {{"input_ids", ints("input_ids", {rows, seq}, ids)},
            {"position_ids", ints("position_ids", {rows, seq}, positions)},
            {"batch_index", ints("batch_index", {rows, 1}, slots)},
            {"num_logits_to_keep", ints("num_logits_to_keep", {call.keep, 1}, keep)},
            {"comp_ctx_lengths", ints("comp_ctx_lengths", {call.length}, lengths)},
            {"last_accepted_output_tokens", ints("last_accepted_output_tokens", {rows, seq}, ids)},
            {"repetition_penalties", floats("repetition_penalties", {rows, 1}, ones)},
            {"presence_penalties", floats("presence_penalties", {rows, 1}, zeros)},
            {"temperatures", floats("temperatures", {rows, 1}, zeros)},
            {"top_ks",
             {"top_ks", graph::DataType::kInt32, {rows, 1}, top_ks.data(), top_ks.size() * sizeof(int32_t)}},
            {"top_ps", floats("top_ps", {rows, 1}, ones)},
            {"min_ps", floats("min_ps", {rows, 1}, zeros)},
            {"random_numbers", floats("random_numbers", {rows, candidates}, uniforms)}};
  }
};

int64_t candidates_of(const graph::Graph& graph) {
  const graph::ValueInfo* numbers = graph::find_value(graph, "random_numbers");
  return numbers == nullptr ? 0 : numbers->shape.at(1).value;
}

}  // namespace

void Card::run_into(const CardCall& call, const RunTensor& output) {
  const int64_t candidates = candidates_of(graph_.graph);
  Columns columns(call, candidates);
  const std::map<std::string, RunTensor> given = columns.tensors(call, candidates);
  std::map<std::string, State> next = states_;
  std::map<std::string, Buffer> next_buffers = buffers_;
  const auto bools = [](std::string_view name, Buffer& buffer) {
    return RunTensor{name, graph::DataType::kBool, buffer.dims, buffer.values.data(), buffer.values.size()};
  };
  std::vector<RunTensor> inputs, outputs = {output};
  for (const graph::ValueInfo& input : graph_.graph.inputs) {
    const auto state = states_.find(input.name);
    const auto buffer = buffers_.find(input.name);
    inputs.push_back(state != states_.end()     ? floats(input.name, state->second.dims, state->second.values)
                     : buffer != buffers_.end() ? bools(input.name, buffer->second)
                                                : given.at(input.name));
  }
  std::vector<std::string> names;
  names.reserve(next.size() + next_buffers.size());
  for (auto& [name, state] : next) {
    names.push_back(name + "_RetainedState");
    outputs.push_back(floats(names.back(), state.dims, state.values));
  }
  for (auto& [name, buffer] : next_buffers) {
    names.push_back(name + "_RetainedState");
    outputs.push_back(bools(names.back(), buffer));
  }
  session_->run(inputs, outputs);
  states_ = std::move(next);
  buffers_ = std::move(next_buffers);
}

std::vector<std::vector<float>> Card::run(const CardCall& call) {
  const auto rows = static_cast<int64_t>(call.rows.size()), kept = std::max<int64_t>(call.keep, 1);
  std::vector<float> logits(static_cast<size_t>(rows * kept * vocab_));
  run_into(call, floats("logits", {rows, kept, vocab_}, logits));
  std::vector<std::vector<float>> result;
  for (int64_t row = 0; row < rows; ++row) {
    result.emplace_back(logits.begin() + row * kept * vocab_, logits.begin() + (row + 1) * kept * vocab_);
  }
  return result;
}

std::vector<int64_t> Card::next_tokens(const CardCall& call) {
  std::vector<int64_t> tokens(call.rows.size());
  run_into(call, ints("next_tokens", {static_cast<int64_t>(tokens.size()), 1, 1}, tokens));
  return tokens;
}

std::vector<float> pure_logits(LoadedModel& model, const std::vector<int64_t>& ids) {
  graph::Model pure = graph::read_model(model.graph());
  graph::inline_functions(pure);
  const plugin::Program program = compile(model, pure);
  plugin::Session session = program.create_session({0, 0, 1 << 20, {}});
  const auto length = static_cast<int64_t>(ids.size());
  std::vector<int64_t> tokens = ids, positions(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) positions[i] = static_cast<int64_t>(i);
  std::vector<float> logits(ids.size() * static_cast<size_t>(model.facts().vocab_size));
  session.run({ints("input_ids", {1, length}, tokens), ints("position_ids", {1, length}, positions)},
              {floats("logits", {1, length, model.facts().vocab_size}, logits)});
  return logits;
}

std::vector<int64_t> sample_ids(int64_t count, int64_t seed) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back((i * i * 7 + i * 3 + 5 + seed * 31) % 500);
  return ids;
}

}  // namespace tessera::qaic
