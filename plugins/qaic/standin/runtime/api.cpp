// The functions of libQAic.so, each a thin way to the objects behind its handles.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <string_view>

#include "machine.hpp"
#include "objects.hpp"
#include "tessera/sdk/error.hpp"

using namespace tessera::qaic::standin;  // NOLINT(google-build-using-namespace): this file is their face
using tessera::Error;

namespace {

constexpr uint32_t kThreadsPerQueue = 4;
constexpr uint32_t kMostThreads = 64;

/// What the call answers, unless the script orders otherwise. No exception leaves.
template <typename Call>
QStatus answer(const char* function, const Call& call) {
  try {
    if (const auto status = Machine::instance().fault(function)) return *status;
    return call();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stand-in: %s: %s\n", function, error.what());
    return QS_ERROR;
  }
}

/// The same with somebody who hears about it.
template <typename Call>
QStatus answer(ContextState& context, const char* function, const Call& call) {
  return answer(function, [&] {
    try {
      return call();
    } catch (const Error& error) {
      context.log(QL_ERROR, fmt::format("{}: {}", function, error.what()));
      return error.code() == tessera::ErrorCode::kNotSupported ? QS_UNSUPPORTED : QS_ERROR;
    }
  });
}

/// "0:2:3". Empty when it is no such list.
std::vector<QID> parse_mapping(std::string_view text) {
  std::vector<QID> devices;
  while (true) {
    QID device = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), device);
    if (error != std::errc()) return {};
    devices.push_back(device);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty()) return devices;
    if (text[0] != ':') return {};
    text.remove_prefix(1);
  }
}

QStatus check_devices(ContextState& context, const std::vector<QID>& devices, int wanted) {
  if (static_cast<int>(devices.size()) != wanted) {
    context.log(QL_ERROR, fmt::format("the program is for {} devices, {} are given", wanted, devices.size()));
    return QS_INVAL;
  }
  for (size_t i = 0; i < devices.size(); ++i) {
    const bool twice = std::find(devices.begin(), devices.begin() + static_cast<std::ptrdiff_t>(i),
                                 devices[i]) != devices.begin() + static_cast<std::ptrdiff_t>(i);
    if (context.has(devices[i]) && !twice) continue;
    context.log(QL_ERROR, fmt::format("device {} is not in the context, or there twice", devices[i]));
    return QS_INVAL;
  }
  return QS_SUCCESS;
}

}  // namespace

#define STANDIN_API extern "C" __attribute__((visibility("default"))) QStatus

STANDIN_API qaicGetAicVersion(uint16_t* major, uint16_t* minor, const char** patch, const char** variant) {
  return answer("qaicGetAicVersion", [&] {
    *major = TESSERA_QAIC_MAJOR;
    *minor = TESSERA_QAIC_MINOR;
    *patch = "0";
    *variant = "stand-in: no card";
    return QS_SUCCESS;
  });
}

STANDIN_API qaicGetDeviceInfo(QID device, QDevInfo* out) {
  return answer("qaicGetDeviceInfo", [&] {
    const auto status = Machine::instance().status(device);
    if (!status) return QS_NODEV;
    *out = {};
    out->devStatus = *status;
    return QS_SUCCESS;
  });
}

STANDIN_API qaicGetResourceInfo(QID device, QResourceInfo* out) {
  return answer("qaicGetResourceInfo", [&] {
    const auto status = Machine::instance().status(device);
    if (!status) return QS_NODEV;
    if (*status != QDS_READY) return QS_DEV_ERROR;
    *out = Machine::instance().resources(device);
    return QS_SUCCESS;
  });
}

STANDIN_API qaicCreateContext(QAicContext** out, const void*, uint32_t count, const QID* devices,
                              QAicLogCallback log, void* log_user, QAicErrorHandler error, void* error_user) {
  return answer("qaicCreateContext", [&] {
    if (out == nullptr || count == 0 || devices == nullptr) return QS_INVAL;
    for (uint32_t i = 0; i < count; ++i) {
      const auto status = Machine::instance().status(devices[i]);
      if (!status) return QS_NODEV;
      if (*status != QDS_READY) return QS_DEV_ERROR;
    }
    *out = new QAicContext{std::make_shared<ContextState>(std::vector<QID>(devices, devices + count), log,
                                                          log_user, error, error_user)};
    return QS_SUCCESS;
  });
}

STANDIN_API qaicReleaseContext(QAicContext* context) {
  if (context == nullptr) return QS_INVAL;
  context->state->close();
  delete context;
  return QS_SUCCESS;
}

STANDIN_API qaicOpenQpc(QAicQpcObj** out, const uint8_t* bytes, size_t size, bool make_copy) {
  return answer("qaicOpenQpc", [&] {
    if (out == nullptr || bytes == nullptr) return QS_INVAL;
    auto state = std::make_shared<QpcState>();
    state->file = {reinterpret_cast<const char*>(bytes), size};
    if (make_copy) state->file = state->copy = std::string(state->file);
    try {
      state->qpc = tessera::qaic::read_qpc(state->file);
    } catch (const Error&) {
      return QS_INVAL;
    }
    state->info.numPrograms = 1;
    state->info.numConstants = 1;
    *out = new QAicQpcObj{std::move(state)};
    return QS_SUCCESS;
  });
}

STANDIN_API qaicQpcGetInfo(QAicQpcObj* qpc, const QAicQpcInfo** out) {
  return answer("qaicQpcGetInfo", [&] {
    if (qpc == nullptr || out == nullptr) return QS_INVAL;
    *out = &qpc->state->info;
    return QS_SUCCESS;
  });
}

STANDIN_API qaicCloseQpc(QAicQpcObj* qpc) {
  delete qpc;
  return QS_SUCCESS;
}

STANDIN_API qaicProgramPropertiesInitDefault(QAicProgramProperties* out) {
  return answer("qaicProgramPropertiesInitDefault", [&] {
    *out = {};
    out->SubmitNumRetries = 5;
    return QS_SUCCESS;
  });
}

STANDIN_API qaicCreateProgram(QAicContext* context, QAicProgram** out,
                              const QAicProgramProperties* properties, QID device, const char*,
                              QAicQpcObj* qpc) {
  if (context == nullptr || out == nullptr || properties == nullptr || qpc == nullptr) return QS_INVAL;
  ContextState& state = *context->state;
  return answer(state, "qaicCreateProgram", [&] {
    std::vector<QID> devices = {device};
    if (properties->devMapping != nullptr) devices = parse_mapping(properties->devMapping);
    const QStatus status = check_devices(state, devices, read_graph_facts(qpc->state->qpc).devices);
    if (status != QS_SUCCESS) return status;
    *out = new QAicProgram{std::make_shared<ProgramState>(context->state, qpc->state, std::move(devices))};
    return QS_SUCCESS;
  });
}

STANDIN_API qaicReleaseProgram(QAicProgram* program) {
  delete program;
  return QS_SUCCESS;
}

STANDIN_API qaicLoadProgram(QAicProgram* program) {
  if (program == nullptr) return QS_INVAL;
  return answer(program->state->context(), "qaicLoadProgram", [&] { return program->state->load(); });
}

STANDIN_API qaicUnloadProgram(QAicProgram* program) {
  if (program == nullptr) return QS_INVAL;
  return answer(program->state->context(), "qaicUnloadProgram", [&] { return program->state->unload(); });
}

STANDIN_API qaicRunActivationCmd(QAicProgram* program, QAicProgramActivationCmd command) {
  if (program == nullptr) return QS_INVAL;
  return answer(program->state->context(), "qaicRunActivationCmd", [&] {
    if (command == QAIC_PROGRAM_CMD_ACTIVATE_FULL) return program->state->activate();
    return command == QAIC_PROGRAM_CMD_DEACTIVATE_FULL ? program->state->deactivate() : QS_INVAL;
  });
}

STANDIN_API qaicProgramGetIoDescriptor(QAicProgram* program, QData* out) {
  if (program == nullptr || out == nullptr) return QS_INVAL;
  return answer("qaicProgramGetIoDescriptor", [&] {
    const std::string& bytes = program->state->io_bytes();
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the struct has no const; callers only read
    *out = {bytes.size(), const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(bytes.data()))};
    return QS_SUCCESS;
  });
}

STANDIN_API qaicCreateQueue(QAicContext* context, QAicQueue** out, const QAicQueueProperties* properties,
                            QID device) {
  if (context == nullptr || out == nullptr) return QS_INVAL;
  return answer(*context->state, "qaicCreateQueue", [&] {
    if (!context->state->has(device)) return QS_INVAL;
    const uint32_t threads = properties == nullptr ? kThreadsPerQueue : properties->numThreadsPerQueue;
    if (threads < 1 || threads > kMostThreads) return QS_INVAL;
    *out = new QAicQueue{std::make_unique<QueueState>(threads)};
    return QS_SUCCESS;
  });
}

STANDIN_API qaicReleaseQueue(QAicQueue* queue) {
  delete queue;
  return QS_SUCCESS;
}

STANDIN_API qaicCreateExecObj(QAicContext* context, QAicExecObj** out, const void*, QAicProgram* program,
                              const QData*, uint32_t* count, QBuffer** buffers) {
  if (context == nullptr || out == nullptr || program == nullptr) return QS_INVAL;
  return answer(*context->state, "qaicCreateExecObj", [&] {
    if (buffers != nullptr) return QS_UNSUPPORTED;  // buffers of the driver's own
    const QStatus status = program->state->ensure_active();
    if (status != QS_SUCCESS) return status;
    if (count != nullptr) *count = static_cast<uint32_t>(program->state->io().selected_set.bindings.size());
    *out = new QAicExecObj{std::make_shared<ExecState>(program->state)};
    return QS_SUCCESS;
  });
}

STANDIN_API qaicReleaseExecObj(QAicExecObj* object) {
  delete object;
  return QS_SUCCESS;
}

STANDIN_API qaicExecObjSetDataExt(QAicExecObj* object, uint32_t count, const QBuffer* buffers,
                                  const QBufferDimensions* dims) {
  if (object == nullptr) return QS_INVAL;
  return answer("qaicExecObjSetDataExt", [&] { return object->state->set_data(count, buffers, dims); });
}

STANDIN_API qaicEnqueueExecObj(QAicQueue* queue, QAicExecObj* object, QAicEvent* event) {
  if (queue == nullptr || object == nullptr) return QS_INVAL;
  return answer("qaicEnqueueExecObj", [&] {
    if (event != nullptr) return QS_UNSUPPORTED;
    const QStatus status = object->state->start();
    if (status == QS_SUCCESS) queue->state->push(object->state);
    return status;
  });
}

STANDIN_API qaicExecObjWaitForCompletion(QAicExecObj* object, uint32_t timeout_us) {
  if (object == nullptr) return QS_INVAL;
  const QStatus status =
      answer("qaicExecObjWaitForCompletion", [&] { return object->state->wait(timeout_us); });
  // A run that is said to have failed is over: nobody writes into the caller's buffers any more.
  if (status != QS_SUCCESS && status != QS_TIMEDOUT) object->state->wait(UINT32_MAX);
  return status;
}
