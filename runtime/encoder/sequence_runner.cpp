#include "runtime/encoder/sequence_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "runtime/session/program_shapes.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/output_names.hpp"

namespace tessera {
namespace {

/// Rows of a packed step, but that a longer sequence is a step alone: bounds the memory of activations.
constexpr size_t kMostRows = 512;
/// Calls of a program with compiled shapes have so many of its batches: one runs while another is made ready.
constexpr int64_t kBatchesOfCall = 2;

plugin::RunTensor integers(std::string_view name, std::vector<int64_t>& values, std::vector<int64_t> dims) {
  return {name, graph::DataType::kInt64, std::move(dims), values.data(), values.size() * sizeof(int64_t)};
}

plugin::RunTensor floats(const std::string& name, std::vector<float>& values, std::vector<int64_t> dims) {
  return {name, graph::DataType::kFloat, std::move(dims), values.data(), values.size() * sizeof(float)};
}

int64_t product(const std::vector<int64_t>& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

/// Rows `positions` of a tensor [tokens, width]; all when there are none.
NamedTensor pick(NamedTensor all, const std::vector<int64_t>& positions) {
  if (positions.empty()) return all;
  const int64_t width = product(all.dims) / all.dims[0];
  NamedTensor picked{all.name, all.dims, {}};
  picked.dims[0] = static_cast<int64_t>(positions.size());
  for (const int64_t position : positions) {
    const auto begin = all.data.begin() + position * width;
    picked.data.insert(picked.data.end(), begin, begin + width);
  }
  return picked;
}

/// What the graph without that input takes all types to be.
void check_types(const CompiledModel& compiled, std::span<const TokenSequence> sequences) {
  for (const graph::ValueInfo& input : compiled.inputs()) {
    if (input.name == "token_type_ids") return;
  }
  for (const TokenSequence& sequence : sequences) {
    const auto& types = sequence.type_ids;
    if (std::all_of(types.begin(), types.end(), [](int64_t type) { return type == 0; })) continue;
    throw Error(ErrorCode::kNotSupported, "the compiled graph takes no token types, and these are not all 0")
        .key("token_type_ids")
        .remedy("compile with the backend's option token-type-ids, or give a single text");
  }
}

}  // namespace

/// Inputs of a packed step: sequences behind one another.
struct SequenceRunner::Batch {
  std::vector<int64_t> input_ids, token_type_ids, position_ids, batch_index, first_rows, logits_rows;
  std::vector<int64_t> chosen;  // logits of each sequence

  void add(const TokenSequence& sequence) {
    const auto first = static_cast<int64_t>(input_ids.size()),
               index = static_cast<int64_t>(first_rows.size());
    first_rows.push_back(first);
    for (size_t i = 0; i < sequence.ids.size(); ++i) {
      input_ids.push_back(sequence.ids[i]);
      token_type_ids.push_back(sequence.type_ids[i]);
      position_ids.push_back(static_cast<int64_t>(i));
      batch_index.push_back(index);
    }
    const auto tokens = static_cast<int64_t>(sequence.ids.size());
    if (sequence.logits_positions.empty()) {
      for (int64_t i = 0; i < tokens; ++i) logits_rows.push_back(first + i);
      chosen.push_back(tokens);
    } else {
      for (const int64_t position : sequence.logits_positions) logits_rows.push_back(first + position);
      chosen.push_back(static_cast<int64_t>(sequence.logits_positions.size()));
    }
  }

  std::vector<plugin::RunTensor> inputs(const CompiledModel& compiled) {
    const auto rows = static_cast<int64_t>(input_ids.size());
    std::vector<plugin::RunTensor> all;
    const auto add_input = [&](std::string_view name, std::vector<int64_t>& values,
                               std::vector<int64_t> dims) {
      for (const graph::ValueInfo& info : compiled.inputs()) {
        if (info.name == name) return all.push_back(integers(name, values, std::move(dims)));
      }
    };
    add_input("input_ids", input_ids, {rows, 1});
    add_input("token_type_ids", token_type_ids, {rows, 1});
    add_input("position_ids", position_ids, {rows, 1});
    add_input("batch_index", batch_index, {rows, 1});
    add_input("first_rows", first_rows, {static_cast<int64_t>(first_rows.size())});
    add_input("logits_rows", logits_rows, {static_cast<int64_t>(logits_rows.size())});
    return all;
  }
};

SequenceRunner::SequenceRunner(const CompiledModel& compiled) : compiled_(compiled) {
  if (!compiled.stateless()) {
    throw Error(ErrorCode::kNotSupported, "whole sequences need a graph without a KV cache")
        .remedy("compile without the pass kv-cache");
  }
  bool masked = false;
  for (const graph::ValueInfo& input : compiled.inputs()) {
    packed_ = packed_ || input.name == "batch_index";
    masked = masked || input.name == "attention_mask";
  }
  if (packed_ || !masked) return;
  const std::optional<ProgramShapes> shapes = program_shapes(compiled.program());
  if (!shapes) return;
  for (const engine::CompiledShape& shape : shapes->prefill) {
    int64_t& rows = compiled_rows_[shape.seq_len];
    rows = std::max(rows, shape.batch);
  }
}

const graph::ValueInfo& SequenceRunner::output(const std::string& name) const {
  std::string known;
  for (const graph::ValueInfo& info : compiled_.outputs()) {
    if (info.name == name || graph::original_output_name(compiled_.graph(), info.name) == name) return info;
    known.append(known.empty() ? "" : ", ").append(info.name);
  }
  throw Error(ErrorCode::kNotSupported, fmt::format("the graph has no output '{}'", name))
      .key(name)
      .remedy("it has: " + known);
}

plugin::Session& SequenceRunner::session(size_t rows) {
  if (!session_ || session_rows_ < rows) {
    session_.reset();
    session_rows_ = std::max(rows, kMostRows);
    session_ = std::make_unique<plugin::Session>(compiled_.program().create_session(
        {.slots = 0, .ctx_len = session_rows_, .max_rows = session_rows_, .options = {}}));
  }
  return *session_;
}

std::vector<std::vector<NamedTensor>> SequenceRunner::run(std::span<const TokenSequence> sequences,
                                                          const std::vector<std::string>& names,
                                                          const RunControl& control) {
  check_types(compiled_, sequences);
  Result results(sequences.size());
  const std::vector<std::vector<size_t>> calls = packed_ ? packed_calls(sequences) : padded_calls(sequences);
  size_t done = 0;
  for (const std::vector<size_t>& call : calls) {
    if (control.cancel.stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
    std::vector<const TokenSequence*> group;
    for (const size_t index : call) group.push_back(&sequences[index]);
    Result made = packed_ ? run_packed(group, names) : run_padded(group, names);
    for (size_t i = 0; i < call.size(); ++i) results[call[i]] = std::move(made[i]);
    done += call.size();
    if (control.progress && !control.progress("running texts", done, sequences.size())) {
      throw Error(ErrorCode::kCancelled, "interrupted");
    }
  }
  return results;
}

std::vector<std::vector<size_t>> SequenceRunner::packed_calls(std::span<const TokenSequence> sequences) {
  std::vector<std::vector<size_t>> calls;
  size_t rows = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    rows += sequences[i].ids.size();
    if (calls.empty() || rows > kMostRows) {
      calls.emplace_back();
      rows = sequences[i].ids.size();
    }
    calls.back().push_back(i);
  }
  return calls;
}

std::vector<std::vector<size_t>> SequenceRunner::padded_calls(
    std::span<const TokenSequence> sequences) const {
  std::map<int64_t, std::vector<size_t>> by_length;  // compiled length -> texts that run at it
  std::vector<std::vector<size_t>> calls;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const auto length = compiled_rows_.lower_bound(static_cast<int64_t>(sequences[i].ids.size()));
    if (length == compiled_rows_.end())
      calls.push_back({i});
    else
      by_length[length->first].push_back(i);
  }
  for (const auto& [length, texts] : by_length) {
    const auto most = static_cast<size_t>(compiled_rows_.at(length) * kBatchesOfCall);
    for (size_t i = 0; i < texts.size(); ++i) {
      if (i % most == 0) calls.emplace_back();
      calls.back().push_back(texts[i]);
    }
  }
  return calls;
}

SequenceRunner::Result SequenceRunner::run_packed(const Group& sequences,
                                                  const std::vector<std::string>& names) {
  Result results(sequences.size());
  Batch batch;
  for (const TokenSequence* sequence : sequences) batch.add(*sequence);
  const auto rows = static_cast<int64_t>(batch.input_ids.size());

  std::vector<std::vector<float>> buffers(names.size());
  std::vector<plugin::RunTensor> outputs;
  for (size_t i = 0; i < names.size(); ++i) {
    const graph::ValueInfo& info = output(names[i]);
    std::vector<int64_t> dims;
    for (const graph::Dimension& dim : info.shape) dims.push_back(dim.value);
    dims.at(0) = info.shape[0].symbol == "sequences"     ? static_cast<int64_t>(sequences.size())
                 : info.shape[0].symbol == "logits_rows" ? static_cast<int64_t>(batch.logits_rows.size())
                                                         : rows;
    buffers[i].resize(static_cast<size_t>(product(dims)));
    outputs.push_back(floats(info.name, buffers[i], std::move(dims)));
  }
  session(batch.input_ids.size()).run(batch.inputs(compiled_), outputs);

  for (size_t i = 0; i < names.size(); ++i) {
    const std::string& first = output(names[i]).shape[0].symbol;
    const int64_t width = product(outputs[i].dims) / outputs[i].dims[0];
    auto at = buffers[i].begin();
    for (size_t s = 0; s < sequences.size(); ++s) {
      const int64_t count = first == "sequences"     ? 1
                            : first == "logits_rows" ? batch.chosen[s]
                                                     : static_cast<int64_t>(sequences[s]->ids.size());
      NamedTensor tensor{names[i], {count}, {at, at + count * width}};
      if (first == "sequences") tensor.dims = {width};
      if (first != "sequences" && outputs[i].dims.size() == 3) tensor.dims.push_back(width);
      // A graph whose head was not told which rows are wanted computes them all.
      if (names[i] == "logits" && first == "batch") tensor = pick(tensor, sequences[s]->logits_positions);
      results[s].push_back(std::move(tensor));
      at += count * width;
    }
  }
  return results;
}

/// Inputs of a call whose rows are sequences, padded to the longest.
struct SequenceRunner::Rows {
  int64_t rows, columns = 0;
  std::vector<int64_t> ids, types, positions, lengths, mask;

  explicit Rows(const Group& sequences) : rows(static_cast<int64_t>(sequences.size())) {
    for (const TokenSequence* sequence : sequences)
      columns = std::max(columns, static_cast<int64_t>(sequence->ids.size()));
    for (const TokenSequence* sequence : sequences) {
      const auto tokens = static_cast<int64_t>(sequence->ids.size());
      for (int64_t i = 0; i < columns; ++i) {
        const bool given = i < tokens;
        ids.push_back(given ? sequence->ids[static_cast<size_t>(i)] : 0);
        types.push_back(given ? sequence->type_ids[static_cast<size_t>(i)] : 0);
        positions.push_back(given ? i : -1);
        lengths.push_back(tokens);
        mask.push_back(given ? 1 : 0);
      }
    }
  }

  std::vector<plugin::RunTensor> inputs(const CompiledModel& compiled) {
    std::vector<plugin::RunTensor> all;
    for (const graph::ValueInfo& info : compiled.inputs()) {
      std::vector<int64_t>* values = info.name == "input_ids"        ? &ids
                                     : info.name == "token_type_ids" ? &types
                                     : info.name == "position_ids"   ? &positions
                                     : info.name == "attention_mask" ? &mask
                                     : info.name == "rope_length"    ? &lengths
                                                                     : nullptr;
      if (values == nullptr) {
        throw Error(
            ErrorCode::kNotSupported,
            fmt::format("the graph wants the input '{}', which running whole texts cannot give", info.name))
            .key(info.name);
      }
      all.push_back(integers(info.name, *values, {rows, columns}));
    }
    return all;
  }
};

SequenceRunner::Result SequenceRunner::run_padded(const Group& sequences,
                                                  const std::vector<std::string>& names) {
  Rows rows(sequences);
  std::vector<std::vector<float>> buffers(names.size());
  std::vector<plugin::RunTensor> outputs;
  for (size_t i = 0; i < names.size(); ++i) {
    const graph::ValueInfo& info = output(names[i]);
    std::vector<int64_t> dims = {rows.rows};
    for (size_t axis = 1; axis < info.shape.size(); ++axis)
      dims.push_back(info.shape[axis].value >= 0 ? info.shape[axis].value : rows.columns);
    buffers[i].resize(static_cast<size_t>(product(dims)));
    outputs.push_back(floats(info.name, buffers[i], std::move(dims)));
  }
  session(rows.ids.size()).run(rows.inputs(compiled_), outputs);

  Result results(sequences.size());
  for (size_t i = 0; i < names.size(); ++i) {
    const bool by_token = output(names[i]).shape.at(1).value < 0;
    const std::vector<int64_t> dims(outputs[i].dims.begin() + 1, outputs[i].dims.end());
    for (size_t s = 0; s < sequences.size(); ++s) {
      NamedTensor tensor{names[i], dims, {}};
      if (by_token) tensor.dims[0] = static_cast<int64_t>(sequences[s]->ids.size());
      const auto begin = buffers[i].begin() + static_cast<std::ptrdiff_t>(s) * product(dims);
      tensor.data.assign(begin, begin + product(tensor.dims));
      if (names[i] == "logits" && by_token) tensor = pick(std::move(tensor), sequences[s]->logits_positions);
      results[s].push_back(std::move(tensor));
    }
  }
  return results;
}

}  // namespace tessera
