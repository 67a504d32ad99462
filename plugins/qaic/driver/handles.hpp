/// The driver's objects, each released by its own function in the order of destruction.
///
/// Members of a class stand in the order of creation (context, qpc, program, queue, exec object), so that
/// they go in the order that the driver wants.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "library.hpp"
#include "status.hpp"

namespace tessera::qaic {

/// Sole owner of one object of the driver. Keeps the library.
template <typename Object>
class Handle {
 public:
  using Release = QStatus (*Library::*)(Object*);

  Handle() = default;
  Handle(std::shared_ptr<const Library> library, Object* object, Release release)
      : library_(std::move(library)), object_(object), release_(release) {}
  Handle(Handle&& other) noexcept
      : library_(std::move(other.library_)),
        object_(std::exchange(other.object_, nullptr)),
        release_(other.release_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(library_, other.library_);
    std::swap(object_, other.object_);
    std::swap(release_, other.release_);
    return *this;
  }
  /// A status on the way out has nobody to go to, and the object is gone either way.
  ~Handle() {
    if (object_ != nullptr) ((*library_).*release_)(object_);
  }

  Object* get() const { return object_; }

 private:
  std::shared_ptr<const Library> library_;
  Object* object_ = nullptr;
  Release release_ = nullptr;
};

/// Lines and errors of the driver, on threads of the driver.
using DriverLog = std::function<void(QLogLevel level, const std::string& text)>;

/// The devices of a program, opened. Not movable: the driver calls back.
class Context {
 public:
  Context(std::shared_ptr<const Library> library, const std::vector<QID>& devices, DriverLog log);
  Context(const Context&) = delete;
  QAicContext* get() const { return handle_.get(); }
  const std::shared_ptr<const Library>& library() const { return library_; }

 private:
  static void on_log(QLogLevel level, const char* message, void* self);
  static void on_error(QAicContextID, const char* info, QAicErrorType type, const void*, size_t, void* self);

  std::shared_ptr<const Library> library_;
  DriverLog log_;
  Handle<QAicContext> handle_;
};

struct ProgramRequest {
  std::string name;
  std::vector<QID> devices;           ///< more than one: in the order of the partition
  uint32_t data_path_timeout_ms = 0;  ///< 0 = the driver's
};

/// A program on its devices: loaded and activated while it lives. Retained state belongs to it.
class ActiveProgram {
 public:
  /// `qpc` stays alive and unmoved as long as this. Throws what the driver says, naming the step.
  ActiveProgram(const Context& context, std::string_view qpc, const ProgramRequest& request);
  ActiveProgram(const ActiveProgram&) = delete;
  /// Deactivates and unloads; the driver's complaints go unheard.
  ~ActiveProgram();

  QAicProgram* get() const { return program_.get(); }
  /// Serialized aicapi.IoDesc.
  std::string io_descriptor() const;

 private:
  void create(const Context& context, const ProgramRequest& request);
  void load(const ProgramRequest& request);

  std::shared_ptr<const Library> library_;
  Handle<QAicQpcObj> qpc_;
  std::string dev_mapping_;  // the driver may keep the pointer
  Handle<QAicProgram> program_;
  bool loaded_ = false, activated_ = false;
};

Handle<QAicQueue> create_queue(const Context& context, QID device);
Handle<QAicExecObj> create_exec_object(const Context& context, const ActiveProgram& program);

}  // namespace tessera::qaic
