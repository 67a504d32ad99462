#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <thread>

#include "machine.hpp"
#include "objects.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {

ProgramState::ProgramState(std::shared_ptr<ContextState> context, std::shared_ptr<QpcState> qpc,
                           std::vector<QID> devices)
    : context_(std::move(context)),
      qpc_(std::move(qpc)),
      devices_(std::move(devices)),
      io_(io_desc_of(qpc_->qpc.network)),
      io_bytes_(write_io_desc(io_)),
      cores_(static_cast<int>(qpc_->qpc.network.num_cores)),
      bytes_(qpc_->qpc.static_constants_bytes + qpc_->qpc.dynamic_constants_bytes + state_bytes(io_)) {}

ProgramState::~ProgramState() {
  unload_locked();
}

bool ProgramState::lost() const {
  for (size_t i = 0; i < devices_.size(); ++i)
    if (Machine::instance().generation(devices_[i]) != generations_[i]) return true;
  return false;
}

QStatus ProgramState::load() {
  const std::lock_guard lock(mutex_);
  return load_locked();
}

QStatus ProgramState::load_locked() {
  if (network_) return QS_INVAL;
  Machine& machine = Machine::instance();
  if (!machine.take_memory(devices_, bytes_)) {
    const std::string text = fmt::format("the program needs {} bytes on each device", bytes_);
    context_->log(QL_ERROR, text);
    context_->error(QAIC_ERROR_PROGRAM_RUNTIME_LOAD_FAILED, text);
    return QS_NOMEM;
  }
  generations_.clear();
  for (const QID device : devices_) generations_.push_back(machine.generation(device));
  try {
    network_ = std::make_shared<const Network>(context_->registry(), qpc_->qpc);
  } catch (const Error& error) {
    machine.give_memory(devices_, generations_, bytes_);
    context_->log(QL_ERROR, fmt::format("cannot load the program: {}", error.what()));
    context_->error(QAIC_ERROR_PROGRAM_RUNTIME_LOAD_FAILED, error.what());
    return QS_ERROR;
  }
  return QS_SUCCESS;
}

QStatus ProgramState::unload() {
  const std::lock_guard lock(mutex_);
  if (!network_) return QS_INVAL;
  unload_locked();
  return QS_SUCCESS;
}

void ProgramState::unload_locked() {
  if (!network_) return;
  deactivate_locked();
  Machine::instance().give_memory(devices_, generations_, bytes_);
  network_.reset();
}

QStatus ProgramState::activate() {
  const std::lock_guard lock(mutex_);
  return activate_locked();
}

QStatus ProgramState::activate_locked() {
  if (!network_ || activation_) return QS_INVAL;
  if (lost()) return QS_DEV_ERROR;
  if (!Machine::instance().take_cores(devices_, cores_)) {
    const std::string text =
        fmt::format("{} NSPs are not free on device {}", cores_, fmt::join(devices_, ", "));
    context_->log(QL_ERROR, text);
    context_->error(QAIC_ERROR_PROGRAM_RUNTIME_ACTIVATION_FAILED, text);
    return QS_NOSPC;
  }
  activation_ = std::make_shared<Activation>(network_, io_);
  context_->log(QL_INFO, fmt::format("no card computes this; activated on {} NSPs of pretend device {}",
                                     cores_, fmt::join(devices_, ", ")));
  return QS_SUCCESS;
}

QStatus ProgramState::deactivate() {
  const std::lock_guard lock(mutex_);
  if (!activation_) return QS_INVAL;
  deactivate_locked();
  return QS_SUCCESS;
}

void ProgramState::deactivate_locked() {
  if (!activation_) return;
  Machine::instance().give_cores(devices_, generations_, cores_);
  activation_.reset();
}

QStatus ProgramState::ensure_active() {
  const std::lock_guard lock(mutex_);
  if (!network_) {
    const QStatus status = load_locked();
    if (status != QS_SUCCESS) return status;
  }
  return activation_ ? QS_SUCCESS : activate_locked();
}

std::shared_ptr<Activation> ProgramState::activation() {
  const std::lock_guard lock(mutex_);
  return activation_;
}

QStatus ProgramState::run(Activation& activation, const std::vector<BoundBuffer>& buffers, size_t shape) {
  Machine& machine = Machine::instance();
  const Script script = machine.script();
  std::this_thread::sleep_for(std::chrono::milliseconds(script.read_delay_ms));
  machine.count_run(devices_);
  {
    const std::lock_guard lock(mutex_);
    if (lost()) {
      const std::string text = fmt::format("device {} was reset", fmt::join(devices_, ", "));
      context_->error(QAIC_ERROR_EXECOBJ_RUNTIME, text);
      return QS_DEV_ERROR;
    }
  }
  if (shape == kNoShape) {
    context_->log(QL_ERROR, "No matching dimension found");
    return QS_ERROR;
  }
  IoShapes shapes;
  if (io_.allowed_shapes.empty()) {
    for (const IoBinding& binding : io_.selected_set.bindings) shapes.push_back({binding.type, binding.dims});
  } else {
    shapes = io_.allowed_shapes[shape];
  }
  try {
    activation.run(buffers, shapes, {script.noise_ppm, shape});
    return QS_SUCCESS;
  } catch (const std::exception& error) {
    context_->log(QL_ERROR, fmt::format("the run failed: {}", error.what()));
    context_->error(QAIC_ERROR_EXECOBJ_RUNTIME, error.what());
    return QS_ERROR;
  }
}

}  // namespace tessera::qaic::standin
