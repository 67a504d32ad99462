#include <fmt/format.h>

#include <chrono>

#include "objects.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {
namespace {

bool skipped(const QBufferDimensions& dims) {
  return dims.count == 1 && dims.dims[0] == 0;
}

/// Product as the runtime makes it: a dim of 0 is left out.
uint64_t bytes_of(const QBufferDimensions& dims) {
  uint64_t bytes = dims.sizeOfElem;
  for (uint32_t i = 0; i < dims.count; ++i)
    if (dims.dims[i] != 0 && __builtin_mul_overflow(bytes, uint64_t{dims.dims[i]}, &bytes)) return UINT64_MAX;
  return bytes;
}

/// A scalar may come as [1].
bool same_dims(const QBufferDimensions& given, const std::vector<int64_t>& dims) {
  if (dims.empty()) return given.count == 0 || (given.count == 1 && given.dims[0] == 1);
  if (given.count != dims.size()) return false;
  for (size_t i = 0; i < dims.size(); ++i)
    if (int64_t{given.dims[i]} != dims[i]) return false;
  return true;
}

}  // namespace

QStatus ExecState::check_buffer(const IoBinding& binding, const QBuffer& buffer,
                                const QBufferDimensions& dims) {
  const auto refuse = [&](QStatus status, const std::string& what) {
    program_->context().log(QL_ERROR, fmt::format("buffer '{}' {}", binding.name, what));
    return status;
  };
  if (dims.count > 0 && dims.dims == nullptr) return refuse(QS_INVAL, "has no dims");
  if (buffer.type != QBUFFER_TYPE_HEAP) return refuse(QS_UNSUPPORTED, "is not of the heap");
  if (skipped(dims)) {
    if (!binding.partial_allowed) return refuse(QS_INVAL, "may not be skipped");
    return buffer.size == 0 ? QS_SUCCESS : refuse(QS_INVAL, "is skipped, but has a size");
  }
  if (buffer.buf == nullptr) return refuse(QS_INVAL, "has no memory");
  if (dims.sizeOfElem != element_bytes(binding.type))
    return refuse(QS_INVAL, fmt::format("has elements of {} bytes, expected {}", dims.sizeOfElem,
                                        element_bytes(binding.type)));
  if (buffer.size > binding.size)
    return refuse(QS_ERROR, fmt::format("has {} bytes, at most {} are possible", buffer.size, binding.size));
  if (buffer.size != bytes_of(dims))
    return refuse(QS_INVAL, fmt::format("has {} bytes, its dims mean {}", buffer.size, bytes_of(dims)));
  return QS_SUCCESS;
}

size_t ExecState::find_shape(const QBufferDimensions* dims) const {
  const IoDesc& io = program_->io();
  const auto& bindings = io.selected_set.bindings;
  const size_t shapes = io.allowed_shapes.empty() ? 1 : io.allowed_shapes.size();
  for (size_t shape = 0; shape < shapes; ++shape) {
    bool fits = true;
    for (size_t i = 0; fits && i < bindings.size(); ++i) {
      const auto& wanted = io.allowed_shapes.empty() ? bindings[i].dims : io.allowed_shapes[shape][i].dims;
      fits = skipped(dims[i]) || same_dims(dims[i], wanted);
    }
    if (fits) return shape;
  }
  return kNoShape;
}

QStatus ExecState::set_data(uint32_t count, const QBuffer* buffers, const QBufferDimensions* dims) {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kRunning) return QS_BUSY;
  const auto& bindings = program_->io().selected_set.bindings;
  std::shared_ptr<Activation> activation = program_->activation();
  if (!activation || count != bindings.size() || buffers == nullptr || dims == nullptr) return QS_INVAL;
  std::vector<BoundBuffer> bound;
  for (size_t i = 0; i < bindings.size(); ++i) {
    const QStatus status = check_buffer(bindings[i], buffers[i], dims[i]);
    if (status != QS_SUCCESS) return status;
    bound.push_back({skipped(dims[i]) ? nullptr : buffers[i].buf, buffers[i].size});
  }
  shape_ = find_shape(dims);  // what fits none is told by the run, as callers of the real library report
  buffers_ = std::move(bound);
  activation_ = std::move(activation);
  phase_ = Phase::kReady;
  return QS_SUCCESS;
}

QStatus ExecState::start() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kRunning) return QS_BUSY;
  if (phase_ == Phase::kEmpty) return QS_INVAL;
  phase_ = Phase::kRunning;
  return QS_SUCCESS;
}

void ExecState::run() {
  const QStatus status = program_->run(*activation_, buffers_, shape_);
  const std::lock_guard lock(mutex_);
  result_ = status;
  phase_ = Phase::kDone;
  done_.notify_all();
}

QStatus ExecState::wait(uint32_t timeout_us) {
  std::unique_lock lock(mutex_);
  if (phase_ == Phase::kEmpty || phase_ == Phase::kReady) return QS_INVAL;
  const bool done =
      done_.wait_for(lock, std::chrono::microseconds(timeout_us), [&] { return phase_ == Phase::kDone; });
  return done ? result_ : QS_TIMEDOUT;
}

QueueState::QueueState(uint32_t threads) {
  for (uint32_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

QueueState::~QueueState() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void QueueState::push(std::shared_ptr<ExecState> exec) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(exec));
  wake_.notify_one();
}

void QueueState::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return closing_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const std::shared_ptr<ExecState> exec = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    exec->run();
    lock.lock();
  }
}

}  // namespace tessera::qaic::standin
