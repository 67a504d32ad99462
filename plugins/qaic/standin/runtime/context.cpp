#include <fmt/format.h>

#include <algorithm>

#include "machine.hpp"
#include "objects.hpp"

namespace tessera::qaic::standin {

ContextState::ContextState(std::vector<QID> devices, QAicLogCallback log, void* log_user,
                           QAicErrorHandler error, void* error_user)
    : devices_(std::move(devices)),
      registry_(cpu_registry()),
      log_(log),
      log_user_(log_user),
      error_(error),
      error_user_(error_user) {
  Machine::instance().open_context();
}

ContextState::~ContextState() {
  Machine::instance().close_context();
}

bool ContextState::has(QID device) const {
  return std::find(devices_.begin(), devices_.end(), device) != devices_.end();
}

void ContextState::log(QLogLevel level, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (log_ != nullptr) log_(level, ("stand-in: " + text).c_str(), log_user_);
}

void ContextState::error(QAicErrorType type, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (error_ != nullptr) error_(1, ("stand-in: " + text).c_str(), type, nullptr, 0, error_user_);
}

void ContextState::close() {
  const std::lock_guard lock(mutex_);
  log_ = nullptr;
  error_ = nullptr;
}

}  // namespace tessera::qaic::standin
