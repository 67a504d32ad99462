#include <fmt/format.h>

#include "kernel.hpp"
#include "plan.hpp"
#include "plan_data.hpp"

namespace tessera::exec {

namespace {

const Value kAbsent{};

}  // namespace

const Value& Context::value(size_t i) const {
  for (const auto& [input, value] : replaced_)
    if (input == i) return value;
  return i < inputs_.size() && inputs_[i] >= 0 ? slots_[inputs_[i]] : kAbsent;
}

void Context::replace_input(size_t i, Tensor tensor) {
  for (auto& [input, value] : replaced_) {
    if (input != i) continue;
    value = Value(std::move(tensor));
    return;
  }
  replaced_.emplace_back(i, Value(std::move(tensor)));
}

const Value& Context::output_value(size_t i) const {
  if (has_output(i)) return slots_[outputs_[i]];
  for (const auto& [output, value] : omitted_outputs_)
    if (output == i) return *value;
  return kAbsent;
}

Tensor& Context::output(size_t i, DataType dtype, const Dims& dims) {
  set_output(i, Tensor::allocate(dtype, dims, &pool()));
  return const_cast<Value&>(output_value(i)).tensor_;
}

void Context::set_output(size_t i, Value value) {
  if (has_output(i)) {
    slots_[outputs_[i]] = std::move(value);
  } else {
    std::erase_if(omitted_outputs_, [i](const auto& entry) { return entry.first == i; });
    omitted_outputs_.emplace_back(i, std::make_unique<Value>(std::move(value)));
  }
}

Tensor Context::own_input(size_t i) {
  const Tensor& tensor = input(i);
  int32_t slot = inputs_[i];
  bool last = std::find(released_.begin(), released_.end(), slot) != released_.end() &&
              std::count(inputs_.begin(), inputs_.end(), slot) == 1;
  if (last && tensor.is_unique() && replaced_.empty()) return std::move(slots_[slot].tensor_);
  return tensor.copy(&pool());
}

BufferPool& Context::pool() const {
  return workspace_.pool();
}

void* Context::user() const {
  return workspace_.options_->user;
}

void Context::check_cancelled() const {
  const std::function<bool()>* cancelled = workspace_.options_->cancelled;
  if (cancelled && (*cancelled)()) throw Error(ErrorCode::kCancelled, "the run was cancelled");
}

std::vector<Value> Context::run(const Subgraph& body, std::span<const Value> inputs) {
  if (inputs.size() != body.input_count())
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("the body takes {} inputs, {} are given", body.input_count(), inputs.size()));
  if (workspace_.children_.size() <= body.index_) workspace_.children_.resize(body.index_ + 1);
  std::unique_ptr<Workspace>& child = workspace_.children_[body.index_];
  if (!child) child = std::make_unique<Workspace>(*body.plan_, workspace_.pool_);
  const Plan::Data& data = *body.plan_->data_;
  for (size_t i = 0; i < inputs.size(); ++i) child->slots_[data.input_slots[i]] = inputs[i];
  for (const auto& [slot, outer] : body.captures_) child->slots_[slot] = slots_[outer];
  RunOptions options = *workspace_.options_;
  options.wanted = {};
  return body.plan_->run_prepared(*child, options);
}

size_t Subgraph::input_count() const {
  return plan_->inputs().size();
}
size_t Subgraph::output_count() const {
  return plan_->outputs().size();
}

}  // namespace tessera::exec
