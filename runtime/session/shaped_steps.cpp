#include "runtime/session/shaped_steps.hpp"

#include <algorithm>
#include <utility>

#include "runtime/engine/prefill_shape.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

/// So few tokens of each slot are cheaper side by side than in prefill runs, which take few slots at once.
constexpr int64_t kTokensForDecode = 4;

Error wrong_step(const char* message) {
  return Error(ErrorCode::kInternal, message);
}

}  // namespace

ShapedSteps::ShapedSteps(ShapedStepRunner& runner, std::vector<engine::CompiledShape> prefill,
                         std::vector<int64_t> decode)
    : runner_(runner), prefill_(std::move(prefill)), decode_(std::move(decode)) {
  if (prefill_.empty() || decode_.empty())
    throw Error(ErrorCode::kInvalidArgument, "the program has no compiled shape for prefill or for decode");
  engine::sort_by_size(prefill_);
  std::sort(decode_.begin(), decode_.end());
}

void ShapedSteps::read_parts(std::span<const Row> rows) {
  rows_.assign(rows.begin(), rows.end());
  tokens_.clear();
  parts_.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    tokens_.push_back(rows[i].token);
    if (i > 0 && rows[i].slot == rows[i - 1].slot) {
      if (rows[i].position != rows[i - 1].position + 1) throw wrong_step("a slot's rows have a gap");
      ++parts_.back().end;
    } else {
      parts_.push_back({i, i + 1});
    }
  }
}

void ShapedSteps::run(std::span<const Row> rows, std::span<const int64_t> logits_rows,
                      std::span<const StepOutput> outputs) {
  if (outputs.size() != 1 || outputs[0].name != "logits")
    throw wrong_step("compiled shapes give logits and nothing else");
  read_parts(rows);
  vocab_ = static_cast<size_t>(outputs[0].dims.back());
  for (size_t i = 0; i < logits_rows.size(); ++i) {
    const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& p) {
      return static_cast<int64_t>(p.end) == logits_rows[i] + 1;
    });
    if (part == parts_.end()) throw wrong_step("logits are wanted in the middle of a slot's rows");
    part->to = outputs[0].data + i * vocab_;
  }
  prefill();
  decode();
}

void ShapedSteps::prefill() {
  std::vector<Part*> waiting;
  for (Part& part : parts_) {
    if (part.left() > kTokensForDecode) waiting.push_back(&part);
  }
  while (!waiting.empty()) {
    std::vector<int64_t> left;
    for (const Part* part : waiting) left.push_back(part->left());
    const engine::CompiledShape shape = engine::prefill_shape(prefill_, left);
    run_parts(std::span(waiting).first(std::min(waiting.size(), static_cast<size_t>(shape.batch))), shape);
    std::erase_if(waiting, [](const Part* part) { return part->left() == 0; });
  }
}

void ShapedSteps::decode() {
  for (;;) {
    std::vector<Part*> waiting;
    for (Part& part : parts_) {
      if (part.left() > 0) waiting.push_back(&part);
    }
    if (waiting.empty()) return;
    const auto fits = std::lower_bound(decode_.begin(), decode_.end(), static_cast<int64_t>(waiting.size()));
    const int64_t batch = fits == decode_.end() ? decode_.back() : *fits;
    run_parts(std::span(waiting).first(std::min(waiting.size(), static_cast<size_t>(batch))), {batch, 1});
  }
}

void ShapedSteps::run_parts(std::span<Part* const> parts, const engine::CompiledShape& shape) {
  shaped_.clear();
  size_t wanted = 0;
  for (Part* part : parts) {
    const auto count = static_cast<size_t>(std::min(part->left(), shape.seq_len));
    const Row& first = rows_[part->begin];
    const bool last = part->begin + count == part->end && part->to != nullptr;
    shaped_.push_back(
        {std::span(tokens_).subspan(part->begin, count), first.position, first.slot, last ? 1 : 0});
    part->begin += count;
    wanted += last ? 1 : 0;
  }
  logits_.resize(wanted * vocab_);
  runner_.run_shaped({shape.batch, shape.seq_len}, shaped_, logits_);
  auto from = logits_.begin();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (shaped_[i].logits == 0) continue;
    std::copy_n(from, vocab_, parts[i]->to);
    from += static_cast<std::ptrdiff_t>(vocab_);
  }
}

}  // namespace tessera
