#include "status.hpp"

#include <fmt/format.h>

namespace tessera::qaic {
namespace {

struct Known {
  QStatus status;
  const char* name;
  ErrorCode code;
  const char* meaning;
  const char* remedy;
};

constexpr Known kKnown[] = {
    {QS_PERM, "QS_PERM", ErrorCode::kIo, "no permission", "let this user open /dev/accel/accel*"},
    {QS_AGAIN, "QS_AGAIN", ErrorCode::kBusy, "try again", "try again"},
    {QS_NOMEM, "QS_NOMEM", ErrorCode::kOutOfMemory, "no memory on the device",
     "free the device, use more devices, or compile for less context or fewer slots"},
    {QS_BUSY, "QS_BUSY", ErrorCode::kBusy, "busy", "wait until other programs have let go of the device"},
    {QS_NODEV, "QS_NODEV", ErrorCode::kNotFound, "no such device", "'tessera doctor' lists the devices"},
    {QS_INVAL, "QS_INVAL", ErrorCode::kInvalidArgument, "refused as invalid", ""},
    {QS_NOSPC, "QS_NOSPC", ErrorCode::kOutOfMemory, "no free resources on the device",
     "compile for fewer cores, or stop what else runs on the device"},
    {QS_BADFD, "QS_BADFD", ErrorCode::kInternal, "bad descriptor", ""},
    {QS_TIMEDOUT, "QS_TIMEDOUT", ErrorCode::kDeadlineExceeded, "timed out",
     "raise the option timeout-ms if the device is only slow"},
    {QS_PROTOCOL, "QS_PROTOCOL", ErrorCode::kDeviceLost, "the device speaks another protocol",
     "install driver, firmware and library of one SDK"},
    {QS_UNSUPPORTED, "QS_UNSUPPORTED", ErrorCode::kNotSupported, "not supported", ""},
    {QS_DATA_CRC_ERROR, "QS_DATA_CRC_ERROR", ErrorCode::kCorruptData, "a checksum does not fit", ""},
    {QS_DEV_ERROR, "QS_DEV_ERROR", ErrorCode::kDeviceLost, "the device failed or was reset",
     "load the model again; 'tessera doctor' shows whether the device is ready"},
    {QS_ERROR, "QS_ERROR", ErrorCode::kInternal, "unspecific failure", "the driver's log lines say more"},
};

const Known* find(QStatus status) {
  for (const Known& known : kKnown)
    if (known.status == status) return &known;
  return nullptr;
}

}  // namespace

std::string status_name(QStatus status) {
  if (status == QS_SUCCESS) return "QS_SUCCESS";
  const Known* known = find(status);
  return known == nullptr ? fmt::format("status {}", static_cast<int>(status)) : known->name;
}

Error status_error(QStatus status, const std::string& function) {
  const Known* known = find(status);
  if (known == nullptr)
    return Error(ErrorCode::kInternal, fmt::format("{} failed: {}", function, status_name(status)));
  return Error(known->code, fmt::format("{} failed: {} ({})", function, known->name, known->meaning))
      .remedy(known->remedy);
}

void check(QStatus status, const char* function) {
  if (status != QS_SUCCESS) throw status_error(status, function);
}

}  // namespace tessera::qaic
