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

std::vector<std::vector<float>> Card::run(const CardCall& call) {
  const auto rows = static_cast<int64_t>(call.rows.size());
  int64_t seq = call.seq;
  for (const CardRow& row : call.rows) seq = std::max(seq, static_cast<int64_t>(row.ids.size()));
  std::vector<int64_t> ids, positions, slots, keep(static_cast<size_t>(call.keep)),
      lengths(static_cast<size_t>(call.length));
  for (const CardRow& row : call.rows) {
    for (size_t i = 0; i < static_cast<size_t>(seq); ++i) {
      ids.push_back(i < row.ids.size() ? row.ids[i] : 0);
      positions.push_back(i < row.positions.size() ? row.positions[i] : -1);
    }
    slots.push_back(row.slot);
  }
  std::map<std::string, RunTensor> given = {
      {"input_ids", ints("input_ids", {rows, seq}, ids)},
      {"position_ids", ints("position_ids", {rows, seq}, positions)},
      {"batch_index", ints("batch_index", {rows, 1}, slots)},
      {"num_logits_to_keep", ints("num_logits_to_keep", {call.keep, 1}, keep)},
      {"comp_ctx_lengths", ints("comp_ctx_lengths", {call.length}, lengths)}};
  std::map<std::string, State> next = states_;
  const int64_t kept = std::max<int64_t>(call.keep, 1);
  std::vector<float> logits(static_cast<size_t>(rows * kept * vocab_));
  std::vector<RunTensor> inputs, outputs = {floats("logits", {rows, kept, vocab_}, logits)};
  for (const graph::ValueInfo& input : graph_.graph.inputs) {
    const auto state = states_.find(input.name);
    inputs.push_back(state == states_.end() ? given.at(input.name)
                                            : floats(input.name, state->second.dims, state->second.values));
  }
  std::vector<std::string> names;
  names.reserve(next.size());
  for (auto& [name, state] : next) {
    names.push_back(name + "_RetainedState");
    outputs.push_back(floats(names.back(), state.dims, state.values));
  }
  session_->run(inputs, outputs);
  states_ = std::move(next);
  std::vector<std::vector<float>> result;
  for (int64_t row = 0; row < rows; ++row) {
    result.emplace_back(logits.begin() + row * kept * vocab_, logits.begin() + (row + 1) * kept * vocab_);
  }
  return result;
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
