#include "runtime/verify/stage_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "runtime/encoder/sequence_runner.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

const graph::ValueInfo* find(const std::vector<graph::ValueInfo>& values, const std::string& name) {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&](const graph::ValueInfo& info) { return info.name == name; });
  return found == values.end() ? nullptr : &*found;
}

/// One sequence in slot 0 of a graph that keeps a cache.
class CachedRun {
 public:
  CachedRun(const CompiledModel& compiled, const VerifyText& text, const std::vector<std::string>& names)
      : compiled_(compiled),
        text_(text),
        by_row_(find(compiled.inputs(), "batch_index") != nullptr),
        session_(compiled.program().create_session(
            {.slots = 1, .ctx_len = text.ids.size(), .max_rows = text.ids.size(), .options = {}})) {
    session_.reserve(0, text.ids.size());
    for (const std::string& name : names) {
      const graph::ValueInfo* info = find(compiled.outputs(), name);
      if (info == nullptr) {
        throw Error(ErrorCode::kNotSupported, fmt::format("the graph has no output '{}'", name)).key(name);
      }
      NamedTensor& tensor = tensors_.emplace_back();
      tensor.name = name;
      tensor.dims = {static_cast<int64_t>(text.ids.size())};
      for (size_t i = 2; i < info->shape.size(); ++i) tensor.dims.push_back(info->shape[i].value);
      tensor.data.resize(static_cast<size_t>(product(tensor.dims)));
    }
  }

  void step(int64_t first, int64_t rows) {
    std::vector<plugin::RunTensor> outputs;
    for (NamedTensor& tensor : tensors_) {
      const int64_t width = product(tensor.dims) / tensor.dims[0];
      std::vector<int64_t> dims = leading(tensor.name == "logits" && logits_rows(), rows);
      dims.insert(dims.end(), tensor.dims.begin() + 1, tensor.dims.end());
      outputs.push_back({tensor.name, graph::DataType::kFloat, std::move(dims),
                         tensor.data.data() + first * width,
                         static_cast<uint64_t>(rows * width) * sizeof(float)});
    }
    session_.run(inputs(first, rows), outputs);
  }

  std::vector<NamedTensor> take() { return std::move(tensors_); }

 private:
  static int64_t product(const std::vector<int64_t>& dims) {
    return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
  }
  bool logits_rows() const { return find(compiled_.inputs(), "logits_rows") != nullptr; }
  std::vector<int64_t> leading(bool chosen, int64_t rows) const {
    return by_row_ || chosen ? std::vector<int64_t>{rows, 1} : std::vector<int64_t>{1, rows};
  }

  std::vector<plugin::RunTensor> inputs(int64_t first, int64_t rows) {
    const auto begin = text_.ids.begin() + first;
    ids_.assign(begin, begin + rows);
    positions_.resize(static_cast<size_t>(rows));
    std::iota(positions_.begin(), positions_.end(), first);
    slots_.assign(static_cast<size_t>(rows), 0);
    chosen_.resize(static_cast<size_t>(rows));
    std::iota(chosen_.begin(), chosen_.end(), 0);
    lengths_.assign(static_cast<size_t>(rows), static_cast<int64_t>(text_.ids.size()));
    std::vector<plugin::RunTensor> given;
    for (const graph::ValueInfo& info : compiled_.inputs()) {
      if (is_state(info.name)) continue;
      std::vector<int64_t>* values = info.name == "input_ids"      ? &ids_
                                     : info.name == "position_ids" ? &positions_
                                     : info.name == "batch_index"  ? &slots_
                                     : info.name == "logits_rows"  ? &chosen_
                                     : info.name == "rope_length"  ? &lengths_
                                                                   : nullptr;
      if (values == nullptr) {
        throw Error(ErrorCode::kNotSupported,
                    fmt::format("the graph wants the input '{}', which verify cannot give", info.name))
            .key(info.name);
      }
      std::vector<int64_t> dims =
          info.name == "logits_rows" ? std::vector<int64_t>{rows} : leading(false, rows);
      given.push_back({info.name, graph::DataType::kInt64, std::move(dims), values->data(),
                       values->size() * sizeof(int64_t)});
    }
    return given;
  }

  /// Past keys and values: of an output of the same name with "_RetainedState".
  bool is_state(const std::string& input) const {
    return find(compiled_.outputs(), input + "_RetainedState") != nullptr;
  }

  const CompiledModel& compiled_;
  const VerifyText& text_;
  bool by_row_;  // a row a token; else one row of the batch holds all tokens
  plugin::Session session_;
  std::vector<NamedTensor> tensors_;
  std::vector<int64_t> ids_, positions_, slots_, chosen_, lengths_;
};

}  // namespace

std::vector<NamedTensor> run_stage(const CompiledModel& compiled, const VerifyText& text,
                                   const std::vector<std::string>& names, int64_t rows) {
  if (compiled.stateless()) {
    const TokenSequence sequence{text.ids, text.type_ids};
    return SequenceRunner(compiled).run({&sequence, 1}, names, {}).front();
  }
  CachedRun run(compiled, text, names);
  const auto count = static_cast<int64_t>(text.ids.size());
  const int64_t most = rows > 0 ? rows : count;
  for (int64_t first = 0; first < count; first += most) run.step(first, std::min(most, count - first));
  return run.take();
}

}  // namespace tessera
