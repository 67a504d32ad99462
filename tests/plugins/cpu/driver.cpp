#include "tests/plugins/cpu/driver.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>

#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::cpu {
namespace {

plugin::RunTensor tensor(const char* name, graph::DataType dtype, std::vector<int64_t> dims, void* data,
                         size_t bytes) {
  return {name, dtype, std::move(dims), data, bytes};
}

plugin::RunTensor ints(const char* name, std::vector<int64_t> dims, std::vector<int64_t>& values) {
  return tensor(name, graph::DataType::kInt64, std::move(dims), values.data(),
                values.size() * sizeof(int64_t));
}

plugin::RunTensor floats(const char* name, std::vector<int64_t> dims, std::vector<float>& values) {
  return tensor(name, graph::DataType::kFloat, std::move(dims), values.data(), values.size() * sizeof(float));
}

}  // namespace

const plugin::Backend& cpu_backend() {
  static PluginRegistry& registry = *new PluginRegistry([] {
    const char* file = std::getenv("TESSERA_TEST_CPU_PLUGIN");
    return plugin::Search{"", {{file == nullptr ? "tessera-cpu.so" : file, "TESSERA_TEST_CPU_PLUGIN"}}};
  }());
  return registry.find_backend("cpu");
}

plugin::Program compile(const graph::Model& model, const tsr_weights* weights, int threads,
                        const std::string& isa) {
  const std::string bytes = graph::write_model(model);
  return cpu_backend().compile(
      {bytes, "", weights, {{"threads", std::to_string(threads)}, {"isa", isa}}, {}});
}

graph::Model inlined(graph::Model model) {
  graph::inline_functions(model);
  return model;
}

std::vector<Row> rows_of(const std::vector<int64_t>& ids, uint32_t slot, int64_t position) {
  std::vector<Row> rows;
  for (const int64_t id : ids) rows.push_back({id, position++, slot, 0});
  return rows;
}

SlotRunner::SlotRunner(const plugin::Program& program, const TinyConfig& config, uint32_t slots,
                       uint64_t ctx_len, uint64_t max_rows, plugin::OptionList options)
    : config_(config), session_(program.create_session({slots, ctx_len, max_rows, std::move(options)})) {}

std::vector<float> SlotRunner::step(const std::vector<Row>& rows) {
  std::map<uint32_t, int64_t> needed;
  for (const Row& row : rows) needed[row.slot] = std::max(needed[row.slot], row.position + 1);
  for (const auto& [slot, tokens] : needed) session_.reserve(slot, static_cast<uint64_t>(tokens));
  std::vector<int64_t> all(rows.size());
  std::iota(all.begin(), all.end(), 0);
  return raw_step(rows, all);
}

std::vector<float> SlotRunner::raw_step(const std::vector<Row>& rows, const std::vector<int64_t>& wanted) {
  std::vector<int64_t> ids, positions, slots, lengths, logits_rows = wanted;
  for (const Row& row : rows) {
    ids.push_back(row.id);
    positions.push_back(row.position);
    slots.push_back(row.slot);
    lengths.push_back(row.rope_length);
  }
  const auto n = static_cast<int64_t>(rows.size()), kept = static_cast<int64_t>(wanted.size());
  std::vector<float> logits(static_cast<size_t>(kept * config_.vocab));
  std::vector<plugin::RunTensor> inputs = {
      ints("input_ids", {n, 1}, ids), ints("position_ids", {n, 1}, positions),
      ints("batch_index", {n, 1}, slots), ints("logits_rows", {kept}, logits_rows)};
  if (config_.dynamic) inputs.push_back(ints("rope_length", {n, 1}, lengths));
  session_.run(inputs, {floats("logits", {kept, 1, config_.vocab}, logits)});
  return logits;
}

std::vector<float> run_pure(const plugin::Program& program, const TinyConfig& config,
                            const std::vector<int64_t>& ids, const std::vector<int64_t>& positions,
                            int64_t batch, const std::vector<int64_t>& rope_length) {
  plugin::Session session = program.create_session({0, 0, 4096, {}});
  const int64_t length = static_cast<int64_t>(ids.size()) / batch;
  std::vector<int64_t> id = ids, position = positions, lengths = rope_length;
  std::vector<float> logits(ids.size() * static_cast<size_t>(config.vocab));
  std::vector<plugin::RunTensor> inputs = {ints("input_ids", {batch, length}, id),
                                           ints("position_ids", {batch, length}, position)};
  if (config.dynamic) inputs.push_back(ints("rope_length", {batch, length}, lengths));
  session.run(inputs, {floats("logits", {batch, length, config.vocab}, logits)});
  return logits;
}

double relative_difference(const std::vector<float>& actual, const std::vector<float>& expected) {
  if (actual.size() != expected.size() || expected.empty()) return INFINITY;
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  double largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(double{actual[i]} - double{expected[i]});
    largest = std::isfinite(actual[i]) ? std::max(largest, difference) : INFINITY;
  }
  return largest / (double{*high} - double{*low});
}

std::vector<int64_t> sample_ids(int64_t count, int64_t vocab) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back((i * i * 7 + i * 3 + 5) % vocab);
  return ids;
}

}  // namespace tessera::cpu
