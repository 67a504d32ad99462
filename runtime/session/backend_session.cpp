#include "runtime/session/backend_session.hpp"

#include <algorithm>
#include <initializer_list>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

/// False when the call fails with one of these codes; other failures go on their way.
template <typename Call>
bool unless(std::initializer_list<ErrorCode> codes, const Call& call) {
  try {
    call();
    return true;
  } catch (const Error& error) {
    if (std::find(codes.begin(), codes.end(), error.code()) == codes.end()) throw;
    return false;
  }
}

}  // namespace

BackendSession::BackendSession(const plugin::Program& program, const Shape& shape)
    : program_(program), shape_(shape) {
  reopen();
}

void BackendSession::reopen() {
  session_.reset();  // its memory first
  session_.emplace(program_.create_session(
      {.slots = shape_.slots, .ctx_len = shape_.ctx_len, .max_rows = shape_.max_rows, .options = {}}));
  if (shape_.reserve) reserve_all();
}

void BackendSession::reserve_all() {
  for (uint32_t slot = 0; slot < shape_.slots; ++slot) session_->reserve(slot, shape_.ctx_len);
}

void BackendSession::reset_all() {
  for (uint32_t slot = 0; slot < shape_.slots; ++slot) session_->reset(slot);
  if (shape_.reserve) reserve_all();
}

bool BackendSession::reserve(uint32_t slot, int64_t tokens) {
  return unless({ErrorCode::kOutOfMemory}, [&] { session_->reserve(slot, static_cast<uint64_t>(tokens)); });
}

bool BackendSession::truncate(uint32_t slot, int64_t tokens) {
  return unless({ErrorCode::kInvalidArgument, ErrorCode::kNotSupported},
                [&] { session_->truncate(slot, static_cast<uint64_t>(tokens)); });
}

bool BackendSession::fork(uint32_t from, uint32_t to, int64_t tokens) {
  return unless({ErrorCode::kOutOfMemory, ErrorCode::kInvalidArgument, ErrorCode::kNotSupported},
                [&] { session_->fork(from, to, static_cast<uint64_t>(tokens)); });
}

int64_t BackendSession::free_tokens() const {
  return session_->property("kv.free_tokens").as_int64();
}

int64_t BackendSession::slot_tokens() const {
  try {
    return session_->property("kv.slot_tokens").as_int64();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    return static_cast<int64_t>(shape_.ctx_len);
  }
}

void BackendSession::fill_shape(const StepShape& shape, std::span<const ShapedRow> rows) {
  const auto places = static_cast<size_t>(shape.batch * shape.seq_len);
  input_ids_.assign(places, 0);
  position_ids_.assign(places, -1);
  batch_index_.assign(static_cast<size_t>(shape.batch), -1);
  for (size_t r = 0; r < rows.size(); ++r) {
    const auto first = r * static_cast<size_t>(shape.seq_len);
    std::copy(rows[r].tokens.begin(), rows[r].tokens.end(),
              input_ids_.begin() + static_cast<std::ptrdiff_t>(first));
    for (size_t i = 0; i < rows[r].tokens.size(); ++i)
      position_ids_[first + i] = rows[r].position + static_cast<int64_t>(i);
    batch_index_[r] = rows[r].slot;
  }
}

void BackendSession::run_shaped(const StepShape& shape, std::span<const ShapedRow> rows,
                                std::span<float> logits) {
  fill_shape(shape, rows);
  int64_t wanted = 0;
  for (const ShapedRow& row : rows) wanted += row.logits;
  const int64_t vocab = wanted == 0 ? 0 : static_cast<int64_t>(logits.size()) / wanted;
  const int64_t each = shape.verify ? shape.seq_len : 1;  // logits that come back for a row
  shaped_logits_.resize(static_cast<size_t>(shape.batch * each * vocab));
  const auto integers = [](std::string_view name, std::vector<int64_t>& values, std::vector<int64_t> dims) {
    return plugin::RunTensor{name, graph::DataType::kInt64, std::move(dims), values.data(),
                             values.size() * sizeof(int64_t)};
  };
  std::vector<plugin::RunTensor> outputs;
  if (wanted > 0) {
    outputs.push_back({"logits",
                       graph::DataType::kFloat,
                       {shape.batch, each, vocab},
                       shaped_logits_.data(),
                       shaped_logits_.size() * sizeof(float)});
  }
  session_->run({integers("input_ids", input_ids_, {shape.batch, shape.seq_len}),
                 integers("position_ids", position_ids_, {shape.batch, shape.seq_len}),
                 integers("batch_index", batch_index_, {shape.batch, 1})},
                outputs);
  auto to = logits.begin();
  for (size_t r = 0; r < rows.size(); ++r) {
    // The last of its tokens; where one comes back for a row it is that of the last.
    const int64_t end = shape.verify ? static_cast<int64_t>(rows[r].tokens.size()) : 1;
    const int64_t first = static_cast<int64_t>(r) * each + end - rows[r].logits;
    to = std::copy_n(shaped_logits_.begin() + first * vocab, rows[r].logits * vocab, to);
  }
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
  session_->run(inputs, wanted);
}

}  // namespace tessera
