#include "lanes.hpp"

#include <algorithm>
#include <cstdlib>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kMostLines = 8;
constexpr uint32_t kLastWaitUs = 1'000'000;
constexpr uint32_t kMostWaitMs = UINT32_MAX / 1000;

}  // namespace

void DriverLines::add(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (!lines_.empty() && lines_.back() == line) return;
  lines_.push_back(line);
  if (lines_.size() > kMostLines) lines_.pop_front();
}

std::string DriverLines::take() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const std::string& line : lines_) text += (text.empty() ? "" : "; ") + line;
  lines_.clear();
  return text;
}

void Lane::Free::operator()(uint8_t* memory) const {
  std::free(memory);  // NOLINT(cppcoreguidelines-no-malloc): of aligned_alloc
}

Lane::Lane(const Context& context, const ActiveProgram& program, const CompiledShapes& shapes)
    : library_(context.library()), shapes_(shapes), object_(create_exec_object(context, program)) {
  const size_t count = shapes.bindings().size();
  arguments_.resize(count);
  dimensions_.resize(count);
  dims_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    if (shapes.is_state(i)) {
      buffers_.emplace_back();
      continue;
    }
    const size_t bytes = (std::max<size_t>(shapes.bindings()[i].size, 1) + kPage - 1) / kPage * kPage;
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): pages for the card
    auto* memory = static_cast<uint8_t*>(std::aligned_alloc(kPage, bytes));
    if (memory == nullptr)
      throw Error(ErrorCode::kOutOfMemory,
                  "no memory for a buffer of binding '" + shapes.bindings()[i].name + "'");
    buffers_.emplace_back(memory);
  }
}

Lane::~Lane() {
  if (!in_flight_) return;
  const QStatus status = library_->qaicExecObjWaitForCompletion(object_.get(), kLastWaitUs);
  if (status == QS_TIMEDOUT) keep_for_ever(std::move(buffers_));
}

void Lane::keep_for_ever(std::vector<Buffer> buffers) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<std::vector<Buffer>>;
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(buffers));
}

void Lane::start(QAicQueue* queue, size_t shape) {
  for (size_t i = 0; i < arguments_.size(); ++i) {
    const IoBinding& binding = shapes_.bindings()[i];
    QBuffer& argument = arguments_[i];
    argument = {};
    argument.type = QBUFFER_TYPE_HEAP;
    dims_[i].clear();
    if (shapes_.is_state(i)) {
      dims_[i] = {0};
    } else {
      for (const int64_t dim : shapes_.dims(shape, i)) dims_[i].push_back(static_cast<uint32_t>(dim));
      if (dims_[i].empty()) dims_[i] = {1};
      argument.size = tensor_bytes(binding.type, shapes_.dims(shape, i));
      argument.buf = buffers_[i].get();
    }
    dimensions_[i] = {static_cast<uint32_t>(dims_[i].size()), element_bytes(binding.type), dims_[i].data()};
  }
  check(library_->qaicExecObjSetDataExt(object_.get(), static_cast<uint32_t>(arguments_.size()),
                                        arguments_.data(), dimensions_.data()),
        "qaicExecObjSetDataExt");
  check(library_->qaicEnqueueExecObj(queue, object_.get(), nullptr), "qaicEnqueueExecObj");
  in_flight_ = true;
}

void Lane::wait(uint32_t timeout_ms) {
  const QStatus status =
      library_->qaicExecObjWaitForCompletion(object_.get(), std::min(timeout_ms, kMostWaitMs) * 1000);
  if (status != QS_TIMEDOUT) in_flight_ = false;
  check(status, "qaicExecObjWaitForCompletion");
}

}  // namespace tessera::qaic
