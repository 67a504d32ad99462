#include "machine.hpp"

#include <algorithm>

namespace tessera::qaic::standin {

Machine& Machine::instance() {
  static Machine& machine = *new Machine;  // the workers may outlive static objects
  return machine;
}

void Machine::restart(Device& device) const {
  device.cores = script_.nsps;
  device.memory = script_.dram_mb << 20;
}

void Machine::boot_if_changed() {
  if (contexts_ > 0) return;
  const std::string text = script_text();
  if (booted_ && text == text_) return;
  script_ = parse_script(text);
  text_ = text;
  booted_ = true;
  calls_.clear();
  devices_.assign(static_cast<size_t>(script_.devices), {});
  for (size_t i = 0; i < devices_.size(); ++i) {
    Device& device = devices_[i];
    const auto state = script_.states.find(static_cast<QID>(i));
    if (state != script_.states.end()) device.status = state->second;
    device.generation = ++generations_;
    restart(device);
  }
}

std::optional<QStatus> Machine::fault(const std::string& function) {
  const std::lock_guard lock(mutex_);
  boot_if_changed();
  const uint64_t call = ++calls_[function];
  for (const Fault& fault : script_.faults)
    if (fault.function == function && (fault.at == 0 || fault.at == call)) return fault.status;
  return std::nullopt;
}

std::optional<QDevStatus> Machine::status(QID device) {
  const std::lock_guard lock(mutex_);
  boot_if_changed();
  if (device < 0 || static_cast<size_t>(device) >= devices_.size()) return std::nullopt;
  return devices_[static_cast<size_t>(device)].status;
}

QResourceInfo Machine::resources(QID id) {
  const std::lock_guard lock(mutex_);
  const Device& device = devices_.at(static_cast<size_t>(id));
  QResourceInfo info{};
  info.dramTotal = script_.dram_mb;
  info.dramFree = device.memory >> 20;
  info.nspTotal = static_cast<uint8_t>(script_.nsps);
  info.nspFree = static_cast<uint8_t>(device.cores);
  return info;
}

Script Machine::script() {
  const std::lock_guard lock(mutex_);
  boot_if_changed();
  return script_;
}

void Machine::open_context() {
  const std::lock_guard lock(mutex_);
  boot_if_changed();
  ++contexts_;
}

void Machine::close_context() {
  const std::lock_guard lock(mutex_);
  if (--contexts_ == 0) booted_ = false;
}

uint64_t Machine::generation(QID device) {
  const std::lock_guard lock(mutex_);
  const auto index = static_cast<size_t>(device);
  return index < devices_.size() ? devices_[index].generation : 0;
}

bool Machine::take_memory(const std::vector<QID>& devices, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  for (const QID id : devices)
    if (devices_.at(static_cast<size_t>(id)).memory < bytes) return false;
  for (const QID id : devices) devices_[static_cast<size_t>(id)].memory -= bytes;
  return true;
}

bool Machine::take_cores(const std::vector<QID>& devices, int cores) {
  const std::lock_guard lock(mutex_);
  for (const QID id : devices)
    if (devices_.at(static_cast<size_t>(id)).cores < cores) return false;
  for (const QID id : devices) devices_[static_cast<size_t>(id)].cores -= cores;
  return true;
}

void Machine::give_memory(const std::vector<QID>& devices, const std::vector<uint64_t>& generations,
                          uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < devices.size(); ++i) {
    const auto index = static_cast<size_t>(devices[i]);
    if (index < devices_.size() && devices_[index].generation == generations[i])
      devices_[index].memory += bytes;
  }
}

void Machine::give_cores(const std::vector<QID>& devices, const std::vector<uint64_t>& generations,
                         int cores) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < devices.size(); ++i) {
    const auto index = static_cast<size_t>(devices[i]);
    if (index < devices_.size() && devices_[index].generation == generations[i])
      devices_[index].cores += cores;
  }
}

void Machine::count_run(const std::vector<QID>& devices) {
  const std::lock_guard lock(mutex_);
  for (const QID id : devices) {
    Device& device = devices_.at(static_cast<size_t>(id));
    ++device.runs;
    const bool reset = std::any_of(script_.resets.begin(), script_.resets.end(), [&](const Reset& reset) {
      return reset.device == id && reset.at == device.runs;
    });
    if (!reset) continue;
    device.generation = ++generations_;
    restart(device);
  }
}

}  // namespace tessera::qaic::standin
