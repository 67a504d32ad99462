#include "runtime/session/backend_session.hpp"

namespace tessera {

BackendSession::BackendSession(const plugin::Program& program, const Shape& shape)
    : shape_(shape),
      session_(program.create_session(
          {.slots = shape.slots, .ctx_len = shape.ctx_len, .max_rows = shape.max_rows, .options = {}})) {
  reserve();
}

void BackendSession::reserve() {
  for (uint32_t slot = 0; slot < shape_.slots; ++slot) session_.reserve(slot, shape_.ctx_len);
}

void BackendSession::reset() {
  for (uint32_t slot = 0; slot < shape_.slots; ++slot) session_.reset(slot);
  reserve();
}

void BackendSession::run(std::span<const Row> rows, std::span<const int64_t> logits_rows,
                         std::span<const StepOutput> outputs) {
  input_ids_.clear();
  position_ids_.clear();
  batch_index_.clear();
  rope_length_.clear();
  for (const Row& row : rows) {
    input_ids_.push_back(row.token);
    position_ids_.push_back(row.position);
    batch_index_.push_back(row.slot);
    rope_length_.push_back(row.rope_length);
  }
  logits_rows_.assign(logits_rows.begin(), logits_rows.end());

  const auto count = static_cast<int64_t>(rows.size());
  const auto integers = [](std::string_view name, std::vector<int64_t>& values, std::vector<int64_t> dims) {
    return plugin::RunTensor{name, graph::DataType::kInt64, std::move(dims), values.data(),
                             values.size() * sizeof(int64_t)};
  };
  std::vector<plugin::RunTensor> inputs{
      integers("input_ids", input_ids_, {count, 1}), integers("position_ids", position_ids_, {count, 1}),
      integers("batch_index", batch_index_, {count, 1}),
      integers("logits_rows", logits_rows_, {static_cast<int64_t>(logits_rows.size())})};
  if (shape_.rope_length) inputs.push_back(integers("rope_length", rope_length_, {count, 1}));
  std::vector<plugin::RunTensor> wanted;
  for (const StepOutput& output : outputs) {
    uint64_t elements = 1;
    for (const int64_t dim : output.dims) elements *= static_cast<uint64_t>(dim);
    wanted.push_back(
        {output.name, graph::DataType::kFloat, output.dims, output.data, elements * sizeof(float)});
  }
  session_.run(inputs, wanted);
}

}  // namespace tessera
