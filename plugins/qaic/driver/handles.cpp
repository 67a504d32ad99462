#include "handles.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera::qaic {

Context::Context(std::shared_ptr<const Library> library, const std::vector<QID>& devices, DriverLog log)
    : library_(std::move(library)), log_(std::move(log)) {
  QAicContext* context = nullptr;
  check(library_->qaicCreateContext(&context, nullptr, static_cast<uint32_t>(devices.size()), devices.data(),
                                    &Context::on_log, this, &Context::on_error, this),
        "qaicCreateContext");
  handle_ = Handle<QAicContext>(library_, context, &Library::qaicReleaseContext);
}

void Context::on_log(QLogLevel level, const char* message, void* self) {
  const auto& log = static_cast<Context*>(self)->log_;
  if (log) log(level, message == nullptr ? "" : message);
}

void Context::on_error(QAicContextID, const char* info, QAicErrorType type, const void*, size_t, void* self) {
  const auto& log = static_cast<Context*>(self)->log_;
  if (log)
    log(QL_ERROR, fmt::format("error {:#x}: {}", static_cast<unsigned>(type), info == nullptr ? "" : info));
}

ActiveProgram::ActiveProgram(const Context& context, std::string_view qpc, const ProgramRequest& request)
    : library_(context.library()) {
  QAicQpcObj* opened = nullptr;
  check(library_->qaicOpenQpc(&opened, reinterpret_cast<const uint8_t*>(qpc.data()), qpc.size(), false),
        "qaicOpenQpc");
  qpc_ = Handle<QAicQpcObj>(library_, opened, &Library::qaicCloseQpc);
  create(context, request);
  try {
    load(request);
  } catch (...) {
    if (loaded_) library_->qaicUnloadProgram(program_.get());
    throw;
  }
}

void ActiveProgram::create(const Context& context, const ProgramRequest& request) {
  const QAicQpcInfo* info = nullptr;
  check(library_->qaicQpcGetInfo(qpc_.get(), &info), "qaicQpcGetInfo");
  if (info->numPrograms != 1)
    throw Error(ErrorCode::kNotSupported,
                fmt::format("the qpc holds {} programs, expected 1", info->numPrograms));

  QAicProgramProperties properties{};
  check(library_->qaicProgramPropertiesInitDefault(&properties), "qaicProgramPropertiesInitDefault");
  if (request.devices.size() > 1) {
    dev_mapping_ = fmt::format("{}", fmt::join(request.devices, ":"));
    properties.devMapping = dev_mapping_.c_str();
  }
  if (request.data_path_timeout_ms > 0) properties.dataPathTimeoutMs = request.data_path_timeout_ms;

  QAicProgram* program = nullptr;
  check(library_->qaicCreateProgram(context.get(), &program, &properties, request.devices.front(),
                                    request.name.c_str(), qpc_.get()),
        "qaicCreateProgram");
  program_ = Handle<QAicProgram>(library_, program, &Library::qaicReleaseProgram);
}

void ActiveProgram::load(const ProgramRequest& request) {
  const auto step = [&](QStatus status, const char* function) {
    if (status == QS_SUCCESS) return;
    throw status_error(status, function)
        .during(fmt::format("putting '{}' on device {}", request.name, fmt::join(request.devices, ", ")));
  };
  step(library_->qaicLoadProgram(program_.get()), "qaicLoadProgram");
  loaded_ = true;
  step(library_->qaicRunActivationCmd(program_.get(), QAIC_PROGRAM_CMD_ACTIVATE_FULL),
       "qaicRunActivationCmd");
  activated_ = true;
}

ActiveProgram::~ActiveProgram() {
  if (activated_) library_->qaicRunActivationCmd(program_.get(), QAIC_PROGRAM_CMD_DEACTIVATE_FULL);
  if (loaded_) library_->qaicUnloadProgram(program_.get());
}

std::string ActiveProgram::io_descriptor() const {
  QData data{};
  check(library_->qaicProgramGetIoDescriptor(program_.get(), &data), "qaicProgramGetIoDescriptor");
  return {reinterpret_cast<const char*>(data.data), data.size};
}

Handle<QAicQueue> create_queue(const Context& context, QID device) {
  QAicQueue* queue = nullptr;
  check(context.library()->qaicCreateQueue(context.get(), &queue, nullptr, device), "qaicCreateQueue");
  return {context.library(), queue, &Library::qaicReleaseQueue};
}

Handle<QAicExecObj> create_exec_object(const Context& context, const ActiveProgram& program) {
  QAicExecObj* object = nullptr;
  check(context.library()->qaicCreateExecObj(context.get(), &object, nullptr, program.get(), nullptr, nullptr,
                                             nullptr),
        "qaicCreateExecObj");
  return {context.library(), object, &Library::qaicReleaseExecObj};
}

}  // namespace tessera::qaic
