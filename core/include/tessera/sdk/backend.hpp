/// Derive from `Backend`, `Program` and `Session` to run graphs on a device.
///
/// device -> program (a compiled graph) -> session (retained state in slots) -> run (named tensors).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/arguments.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/options.hpp"
#include "tessera/sdk/status.hpp"
#include "tessera/sdk/value.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::sdk {

/// What a program is compiled from. Valid during the call.
struct CompileArgs {
  std::string_view
      model;  ///< serialized onnx.ModelProto; functions that the backend does not claim are inlined
  std::string_view base_dir;  ///< what locations of external data are relative to
  Weights weights;            ///< the way to the bytes of initializers that are external
  Options options;            ///< checked against `Backend::options()`
  Progress progress;
  Host host;
};

struct SessionArgs {
  uint32_t slots;     ///< sequences held at once, >= 1; 0 for a program without state
  uint64_t ctx_len;   ///< positions that a slot may hold, in tokens
  uint64_t max_rows;  ///< rows of one step at most
  Options options;    ///< checked against `Program::session_options()`
};

/// A named tensor of a run; the memory belongs to the caller and is valid during the call.
class TensorView {
 public:
  explicit TensorView(const tsr_tensor* tensor) : tensor_(tensor) {}

  std::string_view name() const { return view(tensor_->name); }
  graph::DataType dtype() const { return static_cast<graph::DataType>(tensor_->dtype); }
  uint64_t rank() const { return tensor_->rank; }
  int64_t dim(uint64_t axis) const { return tensor_->dims[axis]; }
  const int64_t* dims() const { return tensor_->dims; }
  uint64_t bytes() const { return tensor_->bytes; }
  /// Row-major, aligned to its element. Write only into outputs.
  void* data() const { return tensor_->data; }
  template <class T>
  T* as() const {
    return static_cast<T*>(tensor_->data);
  }

 private:
  const tsr_tensor* tensor_;
};

/// The tensors of one step. Cheap: it allocates nothing. Valid during the call.
class RunArgs {
 public:
  /// Throws kMisuse for null tensors.
  explicit RunArgs(const tsr_run_args& args) : args_(args) {
    check(args.inputs, args.input_count, "input");
    check(args.outputs, args.output_count, "output");
  }

  uint64_t input_count() const { return args_.input_count; }
  TensorView input(uint64_t index) const { return TensorView(args_.inputs[index]); }
  /// Outputs wanted: the caller chose names, dtypes, dims and memory; refuse a shape that the graph does not
  /// give.
  uint64_t output_count() const { return args_.output_count; }
  TensorView output(uint64_t index) const { return TensorView(args_.outputs[index]); }
  /// Throws kInvalidArgument when the caller did not give it.
  TensorView input(std::string_view name) const {
    for (uint64_t i = 0; i < args_.input_count; ++i)
      if (view(args_.inputs[i]->name) == name) return input(i);
    throw Error(ErrorCode::kInvalidArgument, "input '" + std::string(name) + "' is not given").key(name);
  }

 private:
  template <class Tensor>
  static void check(Tensor* const* tensors, uint64_t count, const char* kind) {
    if (count > 0 && tensors == nullptr) throw Error(ErrorCode::kMisuse, std::string(kind) + "s are null");
    for (uint64_t i = 0; i < count; ++i) {
      check_size<tsr_tensor>(tensors[i], kind);
      const tsr_tensor& tensor = *tensors[i];
      if ((tensor.rank > 0 && tensor.dims == nullptr) || (tensor.bytes > 0 && tensor.data == nullptr))
        throw Error(ErrorCode::kMisuse,
                    std::string(kind) + " '" + std::string(view(tensor.name)) + "' has no dims or no data");
    }
  }

  const tsr_run_args& args_;
};

/// Retained state of a session, by slot ("tessera.slots/1"). Never called during a run of the same session.
class Slots {
 public:
  virtual ~Slots() = default;
  /// Empty, and all that was reserved given back.
  virtual void reset(uint32_t slot) = 0;
  /// Room for `tokens` tokens in all; gives nothing back. Throws kOutOfMemory when there is none; nothing has
  /// changed then.
  virtual void reserve(uint32_t slot, uint64_t tokens) = 0;
  /// Positions >= tokens are forgotten, and room reserved beyond them is given back.
  virtual void truncate(uint32_t slot, uint64_t tokens) = 0;
  /// The empty slot `to` then holds positions [0, tokens) of `from`. Throws kOutOfMemory; nothing has changed
  /// then. Called only where `Backend::can_fork`.
  virtual void fork(uint32_t from, uint32_t to, uint64_t tokens) {
    (void)from, (void)to, (void)tokens;
    throw Error(ErrorCode::kNotSupported, "this backend does not fork slots");
  }
};

/// Retained state of one program. One call at a time (the host sees to it); sessions are independent.
class Session {
 public:
  virtual ~Session() = default;
  /// One step, blocking. After a failure the slots of its rows are undefined until reset.
  virtual void run(const RunArgs& args) = 0;
  /// Keys in abi.h. Throws kNotFound for others (`unknown_property`). Any thread.
  virtual Value property(std::string_view key) const = 0;
  /// Null: no retained state. Lives as long as the session.
  virtual Slots* slots() { return nullptr; }
};

/// A compiled graph. Outlives its sessions. All functions any thread.
class Program {
 public:
  virtual ~Program() = default;
  virtual std::vector<OptionInfo> session_options() const { return {}; }
  virtual std::unique_ptr<Session> create_session(const SessionArgs& args) = 0;
  virtual Value property(std::string_view key) const = 0;
};

/// One kind of device. Made once, by the first call of the plugin; lives for the process. All functions any
/// thread.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string id() const = 0;       ///< "cpu"
  virtual std::string summary() const = 0;  ///< one line
  virtual std::vector<OptionInfo> options() const { return {}; }
  /// Keys in abi.h. Throws kNotFound for others (`unknown_property`). Pure; may be asked before anything
  /// else.
  virtual Value property(std::string_view key) const = 0;
  /// True when sessions have `slots()`: the host then finds the interface "tessera.slots/1".
  virtual bool has_slots() const { return false; }
  /// True when those slots implement `fork`.
  virtual bool can_fork() const { return false; }
  /// Interfaces other than the slots, by string id: a const struct of abi.h that lives for the process, or
  /// null.
  virtual const void* interface(std::string_view id) const {
    (void)id;
    return nullptr;
  }
  /// Throws kNotSupported that lists every node which compile would refuse. Seconds at most.
  virtual void check(const CompileArgs& args) const { (void)args; }
  virtual std::unique_ptr<Program> compile(const CompileArgs& args) const = 0;
};

/// What `property` throws for a key that it does not answer.
inline Error unknown_property(std::string_view key) {
  return Error(ErrorCode::kNotFound, "no property '" + std::string(key) + "'").key(key);
}

namespace detail {

struct ProgramHandle {
  const tsr_host* host;
  std::unique_ptr<Program> program;
  ValueStore properties;
};

struct SessionHandle {
  const tsr_host* host;
  std::unique_ptr<Session> session;
  ValueStore properties;
};

inline ProgramHandle* handle(tsr_program* program) {
  return reinterpret_cast<ProgramHandle*>(program);
}
inline SessionHandle* handle(tsr_session* session) {
  return reinterpret_cast<SessionHandle*>(session);
}

/// Answers a property question of a backend, program or session.
template <class Asked>
tsr_status* answer_property(const tsr_host* host, const Asked& asked, ValueStore& store, tsr_str key,
                            tsr_value* out) {
  return guard(host, [&] {
    check_size(out, "tsr_value");
    fill(out, store.keep(std::string(view(key)), asked.property(view(key))), "tsr_value");
  });
}

/// The functions of programs and sessions: the same for every backend.
struct RunTable {
  static void program_destroy(tsr_program* program) { delete handle(program); }
  static void session_destroy(tsr_session* session) { delete handle(session); }

  static tsr_status* program_property(tsr_program* program, tsr_str key, tsr_value* out) {
    ProgramHandle& self = *handle(program);
    return answer_property(self.host, *self.program, self.properties, key, out);
  }
  static tsr_status* session_property(tsr_session* session, tsr_str key, tsr_value* out) {
    SessionHandle& self = *handle(session);
    return answer_property(self.host, *self.session, self.properties, key, out);
  }

  static tsr_status* session_create(tsr_program* program, const tsr_session_args* from,
                                    tsr_session** session) {
    ProgramHandle& self = *handle(program);
    return guard(self.host, [&] {
      const tsr_session_args in = receive_arguments(from, "tsr_session_args");
      const SessionArgs args{in.slots, in.ctx_len, in.max_rows,
                             Options(self.program->session_options(), in.options, in.option_count)};
      auto made = std::make_unique<SessionHandle>();
      made->host = self.host;
      made->session = self.program->create_session(args);
      *session = reinterpret_cast<tsr_session*>(made.release());
    });
  }

  static tsr_status* run(tsr_session* session, const tsr_run_args* from) {
    SessionHandle& self = *handle(session);
    return guard(self.host, [&] {
      const tsr_run_args args = receive_arguments(from, "tsr_run_args");
      self.session->run(RunArgs(args));
    });
  }

  template <class Call>
  static tsr_status* on_slots(tsr_session* session, Call&& call) {
    SessionHandle& self = *handle(session);
    return guard(self.host, [&] {
      Slots* slots = self.session->slots();
      if (slots == nullptr) throw Error(ErrorCode::kNotSupported, "this session has no slots");
      call(*slots);
    });
  }
  static tsr_status* reset(tsr_session* session, uint32_t slot) {
    return on_slots(session, [&](Slots& slots) { slots.reset(slot); });
  }
  static tsr_status* reserve(tsr_session* session, uint32_t slot, uint64_t tokens) {
    return on_slots(session, [&](Slots& slots) { slots.reserve(slot, tokens); });
  }
  static tsr_status* truncate(tsr_session* session, uint32_t slot, uint64_t tokens) {
    return on_slots(session, [&](Slots& slots) { slots.truncate(slot, tokens); });
  }
  static tsr_status* fork(tsr_session* session, uint32_t from, uint32_t to, uint64_t tokens) {
    return on_slots(session, [&](Slots& slots) { slots.fork(from, to, tokens); });
  }
};

/// The C descriptor of backend `T`.
template <class T>
class BackendTable {
 public:
  static BackendTable& instance() {
    static BackendTable& table = *new BackendTable;
    return table;
  }
  const tsr_backend* c() const { return &c_; }

 private:
  BackendTable() {
    c_.struct_size = sizeof(c_);
    c_.id = borrow(id_);
    c_.summary = borrow(summary_);
    c_.options = options_.data();
    c_.option_count = options_.size();
    c_.property = &property;
    c_.get_interface = &get_interface;
    c_.check = &check;
    c_.compile = &compile;
    c_.program_destroy = &RunTable::program_destroy;
    c_.program_property = &RunTable::program_property;
    c_.session_create = &RunTable::session_create;
    c_.session_destroy = &RunTable::session_destroy;
    c_.session_property = &RunTable::session_property;
    c_.run = &RunTable::run;
  }

  static tsr_status* property(const tsr_host* host, tsr_str key, tsr_value* out) {
    return answer_property(host, instance().object_, instance().properties_, key, out);
  }

  static const void* get_interface(const tsr_host*, tsr_str id) {
    static const tsr_slots_v1 slots = {
        sizeof(tsr_slots_v1), 0,
        &RunTable::reset,     &RunTable::reserve,
        &RunTable::truncate,  instance().object_.can_fork() ? &RunTable::fork : nullptr};
    if (view(id) == TSR_INTERFACE_SLOTS) return instance().object_.has_slots() ? &slots : nullptr;
    return instance().object_.interface(view(id));
  }

  static CompileArgs receive(const tsr_host* host, const tsr_compile_args* from) {
    const tsr_compile_args in = receive_arguments(from, "tsr_compile_args");
    return CompileArgs{std::string_view(static_cast<const char*>(in.model), in.model_size),
                       view(in.base_dir),
                       Weights(host, in.weights),
                       Options(instance().options_.declared(), in.options, in.option_count),
                       Progress(in.progress),
                       Host(host)};
  }

  static tsr_status* check(const tsr_host* host, const tsr_compile_args* from) {
    return guard(host, [&] { instance().object_.check(receive(host, from)); });
  }

  static tsr_status* compile(const tsr_host* host, const tsr_compile_args* from, tsr_program** program) {
    return guard(host, [&] {
      auto made = std::make_unique<ProgramHandle>();
      made->host = host;
      made->program = instance().object_.compile(receive(host, from));
      *program = reinterpret_cast<tsr_program*>(made.release());
    });
  }

  T object_;
  std::string id_ = object_.id(), summary_ = object_.summary();
  OptionTable options_{object_.options()};
  ValueStore properties_;
  tsr_backend c_{};
};

}  // namespace detail
}  // namespace tessera::sdk
