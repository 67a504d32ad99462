/// What stands behind the driver's opaque handles. A handle owns a share: work in flight keeps what it needs
/// when its handles go in any order, but never the caller's buffers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "network.hpp"
#include "plugins/qaic/driver/qaic_api.h"

namespace tessera::qaic::standin {

/// Any thread. After `close` nobody hears what is said.
class ContextState {
 public:
  ContextState(std::vector<QID> devices, QAicLogCallback log, void* log_user, QAicErrorHandler error,
               void* error_user);
  ~ContextState();

  const std::vector<QID>& devices() const { return devices_; }
  bool has(QID device) const;
  const std::shared_ptr<PluginRegistry>& registry() const { return registry_; }
  /// Lines begin with "stand-in: ".
  void log(QLogLevel level, const std::string& text);
  void error(QAicErrorType type, const std::string& text);
  void close();

 private:
  std::vector<QID> devices_;
  std::shared_ptr<PluginRegistry> registry_;
  std::mutex mutex_;  // callbacks one at a time
  QAicLogCallback log_;
  void* log_user_;
  QAicErrorHandler error_;
  void* error_user_;
};

struct QpcState {
  std::string copy;       ///< empty: the caller keeps the bytes
  std::string_view file;  ///< all of it
  Qpc qpc;
  QAicQpcInfo info{};
};

/// created -> loaded -> activated, and back. Any thread.
class ProgramState {
 public:
  ProgramState(std::shared_ptr<ContextState> context, std::shared_ptr<QpcState> qpc,
               std::vector<QID> devices);
  ~ProgramState();

  QStatus load();
  QStatus unload();
  QStatus activate();
  QStatus deactivate();
  /// What an execution object needs that nobody loaded and activated for.
  QStatus ensure_active();

  const IoDesc& io() const { return io_; }
  const std::string& io_bytes() const { return io_bytes_; }
  ContextState& context() const { return *context_; }
  /// Null when not activated.
  std::shared_ptr<Activation> activation();
  /// One run of the activation that an execution object was bound to; on a thread of a queue.
  QStatus run(Activation& activation, const std::vector<BoundBuffer>& buffers, size_t shape);

 private:
  QStatus load_locked();
  QStatus activate_locked();
  void unload_locked();
  void deactivate_locked();
  bool lost() const;  ///< a device was reset since the program was loaded

  std::shared_ptr<ContextState> context_;
  std::shared_ptr<QpcState> qpc_;
  std::vector<QID> devices_;
  IoDesc io_;
  std::string io_bytes_;
  int cores_;
  uint64_t bytes_;

  std::mutex mutex_;
  std::shared_ptr<const Network> network_;  // null: not loaded
  std::shared_ptr<Activation> activation_;
  std::vector<uint64_t> generations_;  // of the devices when it was loaded
};

/// Which specialization a set of dims means; a skipped binding has no part in it.
inline constexpr size_t kNoShape = SIZE_MAX;

/// One run at a time. Any thread.
class ExecState {
 public:
  explicit ExecState(std::shared_ptr<ProgramState> program) : program_(std::move(program)) {}

  QStatus set_data(uint32_t count, const QBuffer* buffers, const QBufferDimensions* dims);
  /// QS_BUSY while a run is in flight, QS_INVAL before data was set.
  QStatus start();
  void run();  ///< on a thread of a queue
  QStatus wait(uint32_t timeout_us);

 private:
  QStatus check_buffer(const IoBinding& binding, const QBuffer& buffer, const QBufferDimensions& dims);
  size_t find_shape(const QBufferDimensions* dims) const;

  std::shared_ptr<ProgramState> program_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<BoundBuffer> buffers_;
  std::shared_ptr<Activation> activation_;  // that the data is for
  size_t shape_ = kNoShape;
  enum class Phase { kEmpty, kReady, kRunning, kDone } phase_ = Phase::kEmpty;
  QStatus result_ = QS_SUCCESS;
};

/// Runs execution objects on threads of its own. The destructor lets all that was enqueued run.
class QueueState {
 public:
  explicit QueueState(uint32_t threads);
  ~QueueState();
  void push(std::shared_ptr<ExecState> exec);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<ExecState>> jobs_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tessera::qaic::standin

// The tags of qaic_api.h.
struct QAicContext {
  std::shared_ptr<tessera::qaic::standin::ContextState> state;
};
struct QAicQpcObj {
  std::shared_ptr<tessera::qaic::standin::QpcState> state;
};
struct QAicProgram {
  std::shared_ptr<tessera::qaic::standin::ProgramState> state;
};
struct QAicQueue {
  std::unique_ptr<tessera::qaic::standin::QueueState> state;
};
struct QAicExecObj {
  std::shared_ptr<tessera::qaic::standin::ExecState> state;
};
